/// A Unicode script, by the blocks that hold its letters.
enum Script: String, CaseIterable, Sendable {
    case latin, greek, cyrillic, hebrew, arabic, devanagari, thai, kana, han, hangul

    private static let blocks: [(range: ClosedRange<UInt32>, script: Script)] = [
        (0x0041...0x005A, .latin), (0x0061...0x007A, .latin), (0x00AA...0x024F, .latin), (0x0370...0x03FF, .greek),
        (0x0400...0x052F, .cyrillic), (0x0590...0x05FF, .hebrew), (0x0600...0x06FF, .arabic),
        (0x0750...0x077F, .arabic), (0x0900...0x097F, .devanagari), (0x0E00...0x0E7F, .thai),
        (0x1100...0x11FF, .hangul), (0x1E00...0x1EFF, .latin), (0x1F00...0x1FFF, .greek), (0x3040...0x30FF, .kana),
        (0x3400...0x4DBF, .han), (0x4E00...0x9FFF, .han), (0xAC00...0xD7AF, .hangul), (0xF900...0xFAFF, .han),
        (0xFB50...0xFDFF, .arabic), (0xFE70...0xFEFE, .arabic), (0x20000...0x3134F, .han),
    ]

    /// Nil for what is no letter, and for letters of other scripts.
    init?(_ scalar: Unicode.Scalar) {
        guard scalar.properties.isAlphabetic,
            let block = Self.blocks.first(where: { $0.range.contains(scalar.value) })
        else { return nil }
        self = block.script
    }
}
