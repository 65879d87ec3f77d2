/// Ids that nobody guesses and no client chooses.
package enum RandomID {
    /// The prefix and 26 digits of base 36: more than 128 bits.
    package static func make(_ prefix: String) -> String {
        let digits = Array("0123456789abcdefghijklmnopqrstuvwxyz".utf8)
        return prefix + String(decoding: (0..<26).map { _ in digits[Int.random(in: digits.indices)] }, as: UTF8.self)
    }
}
