import CKernels

/// Times the products of kernel tables apart from any model.
package final class KernelStopwatch {
    /// One product, timed.
    package struct Measurement: Sendable {
        package let productsPerSecond: Double
        /// Of weights.
        package let bytesPerSecond: Double
    }

    private let one: ThreadTeam
    private let team: ThreadTeam
    /// Room for the largest panel, its operands and results. Also what is read for the bandwidth.
    private let panel: PageMemory
    private let operands: PageMemory
    private let out: PageMemory
    private let streamedBytes: Int
    private let rounds: Int

    /// Rows of a panel that the second-level cache holds with its operands, and how deep panels are in it.
    private static let cachedStrips = Int(CK_GROUP)
    private static let cachedDepth = 1024
    /// As deep as the matrices of a 1B model.
    private static let streamedDepth = 2048
    /// Weights of one item of the team: as in the forward pass.
    private static let itemBytes = 256 << 10
    /// Products of one round in the cache: about a millisecond.
    private static let roundProducts = 100_000_000

    /// Fewest bytes whose reading tells the bandwidth of the memory.
    private static let probedBytes = 128 << 20

    /// Most columns of a product that streams.
    package static let streamedColumns = 16

    /// `streamedBytes`: of the panel that is read from memory, several times the last-level cache.
    package init(threads: Int, streamedBytes: Int, columns: Int, rounds: Int) throws(RuntimeError) {
        one = try ThreadTeam(workers: 1)
        team = try ThreadTeam(workers: threads)
        let strip = Int(CK_STRIP), float = MemoryLayout<Float>.stride
        panel = try PageMemory(bytes: max(streamedBytes, Self.probedBytes))
        ck_touch(team.team, panel.base, panel.count)
        // No form of activations takes more than a float32 for each.
        operands = try PageMemory(bytes: (columns + Self.streamedColumns) * Self.streamedDepth * float)
        // The fewest bytes of a strip are those of two-bit weights.
        let rows = streamedBytes / (Self.streamedDepth / 4) + Self.cachedStrips * strip
        out = try PageMemory(bytes: max(Self.streamedColumns * rows, columns * Self.cachedStrips * strip) * float)
        self.streamedBytes = streamedBytes
        self.rounds = rounds
    }

    /// Bytes a second that all threads read from memory now, the best of the rounds as with products. Where others use the memory too it changes from one moment
    /// to the next.
    package func readRate() -> Double {
        (0..<rounds).map { _ in ck_read_rate(team.team, panel.base, panel.count) }.max() ?? 0
    }

    /// One thread, with everything in the second-level cache.
    package func cached(_ kernels: KernelTable, _ type: TensorType, columns: Int) -> Measurement {
        let shape = Shape(strips: Self.cachedStrips, depth: Self.cachedDepth, columns: columns)
        return measure(kernels, type, shape, on: one, repeats: max(1, Self.roundProducts / shape.products))
    }

    /// All threads, with the weights coming from memory; at most `streamedColumns` columns.
    package func streamed(_ kernels: KernelTable, _ type: TensorType, columns: Int) -> Measurement {
        let stripBytes = kernels.format(of: type).stripBytes(depth: Self.streamedDepth)
        let groups = max(1, streamedBytes / stripBytes / Int(CK_GROUP))
        return measure(
            kernels, type, Shape(strips: groups * Int(CK_GROUP), depth: Self.streamedDepth, columns: columns), on: team,
            repeats: 1)
    }

    /// Multiply-adds a second of one thread that these kernels reach at most on activations as the type takes them.
    package func peak(_ kernels: KernelTable, _ type: TensorType) -> Double {
        ck_product_rate(one.team, kernels.table, kernels.format(of: type).form, 16 * rounds)
    }

    private struct Shape {
        let strips: Int
        let depth: Int
        let columns: Int

        var products: Int { strips * Int(CK_STRIP) * depth * columns }
    }

    private func measure(
        _ kernels: KernelTable, _ type: TensorType, _ shape: Shape, on team: ThreadTeam, repeats: Int
    ) -> Measurement {
        let format = kernels.format(of: type), stripBytes = format.stripBytes(depth: shape.depth)
        lay(type, format, shape, stripBytes: stripBytes)
        pack(kernels.form(format.form), shape)
        var product = ck_product(
            format: format.pointer, panel: panel.base, strips: shape.strips, depth: shape.depth,
            item_strips: max(1, Self.itemBytes / stripBytes / Int(CK_GROUP)) * Int(CK_GROUP),
            operands: operands.base, columns: shape.columns, out: out.base.assumingMemoryBound(to: Float.self))
        let seconds = ck_product_seconds(team.team, &product, repeats, rounds)
        guard seconds > 0 else { return Measurement(productsPerSecond: 0, bytesPerSecond: 0) }
        return Measurement(
            productsPerSecond: Double(shape.products) / seconds,
            bytesPerSecond: Double(shape.strips * stripBytes) / seconds)
    }

    /// The same group of strips again and again; times do not depend on the values, if those are ordinary numbers.
    private func lay(_ type: TensorType, _ format: WeightFormat, _ shape: Shape, stripBytes: Int) {
        // In every type and wherever a block has its factors, these bytes are numbers between 0.01 and 250.
        let row = [UInt8](repeating: 0x3c, count: type.rowBytes(shape.depth))
        var scratch = [Float](repeating: 0, count: shape.depth)
        let group = Int(CK_GROUP), groupBytes = group * stripBytes
        panel.base.initializeMemory(as: UInt8.self, repeating: 0, count: groupBytes)
        row.withUnsafeBytes { row in
            let rows = [UnsafeRawPointer?](repeating: row.baseAddress, count: Int(CK_STRIP))
            for strip in 0..<group {
                format.pointer.pointee.lay(
                    panel.base, shape.depth, group, strip, type.kernelType, shape.depth, rows, &scratch)
            }
        }
        for first in stride(from: group, to: shape.strips, by: group) {
            (panel.base + first * stripBytes).copyMemory(from: panel.base, byteCount: groupBytes)
        }
    }

    private func pack(_ form: ck_form, _ shape: Shape) {
        let values = (0..<shape.depth).map { Float($0 % 17 - 8) }
        for column in 0..<shape.columns {
            form.pack(operands.base, shape.depth, shape.columns, column, 0, values, shape.depth)
        }
    }
}
