import CZlib
import Synchronization

/// The output or error file of a batch while it grows: valid up to its end, anything behind is what a crash left.
final class ResultFile: Sendable {
    private let file: DiskFile
    private let end = Mutex(0)

    private static let lineFeed: UInt8 = 0x0A

    /// Blocks, as all that this type does.
    init(path: String) throws(StateError) { file = try DiskFile(path: path, .readWrite) }

    /// Bytes up to the end.
    var count: Int { end.withLock(\.self) }

    /// Puts the file's end behind the last of these places up to which all are whole. Returns where that is: what the
    /// database says of places behind it is not true of this file.
    ///
    /// - Parameter places: in order. Where one does not begin at the end of the one before, the file is not whole.
    func recover(_ places: [ResultPlace]) throws(StateError) -> Int {
        var whole = 0
        let size = try file.size
        for place in places {
            let (placeEnd, overflow) = place.start.addingReportingOverflow(place.length)
            guard place.start == whole, place.length > 0, !overflow, placeEnd <= size else { break }
            guard try Self.checksum(file.read(at: place.start, count: place.length)) == place.checksum else { break }
            whole = placeEnd
        }
        if size > whole { try file.truncate(to: whole) }
        end.withLock { $0 = whole }
        return whole
    }

    /// Writes lines behind the end, and returns where they lie once the disk has them. The end stays where it is until
    /// `advance`, so that the same can be tried again.
    func stage(_ lines: [[UInt8]]) throws(StateError) -> [ResultPlace] {
        guard !lines.isEmpty else { return [] }
        var places: [ResultPlace] = []
        var bytes: [UInt8] = []
        let end = count
        for line in lines {
            let whole = line + [Self.lineFeed]
            places.append(
                ResultPlace(start: end + bytes.count, length: whole.count, checksum: Self.checksum(whole)))
            bytes += whole
        }
        // After a failed sync the system may hold the pages for clean: only bytes that are written anew are safe.
        if try file.size > end { try file.truncate(to: end) }
        try file.write(bytes, at: end)
        try file.sync()
        return places
    }

    /// The database knows the places: they are part of the file.
    func advance(past places: [ResultPlace]) {
        guard let last = places.last else { return }
        end.withLock { $0 = last.start + last.length }
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        // zlib takes at most 4 GiB at once; a line is far below.
        UInt32(truncatingIfNeeded: crc32(0, bytes, UInt32(clamping: bytes.count)))
    }
}
