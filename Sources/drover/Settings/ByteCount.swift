import ArgumentParser

/// An amount of memory as people write it: `2GiB`, `500MB`, `1073741824`.
struct ByteCount: ExpressibleByArgument, Equatable {
    let bytes: Int

    private static let units: [(suffix: String, bytes: Int)] = [
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
        ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000), ("", 1),
    ]

    init(bytes: Int) { self.bytes = bytes }

    init?(argument: String) {
        guard let unit = Self.units.first(where: { argument.hasSuffix($0.suffix) }),
            let count = Int(argument.dropLast(unit.suffix.count)), count > 0
        else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: unit.bytes)
        guard !overflow else { return nil }
        self.bytes = bytes
    }

    var defaultValueDescription: String { description }
}

extension ByteCount: CustomStringConvertible {
    /// With the binary unit that leaves the fewest digits before the point.
    var description: String {
        let unit = Self.units.prefix(4).last { bytes >= $0.bytes }
        guard let unit else { return "\(bytes) B" }
        let tenths = (Double(bytes) / Double(unit.bytes) * 10).rounded() / 10
        return "\(tenths) \(unit.suffix)"
    }
}
