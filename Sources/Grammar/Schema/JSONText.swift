import JSON

/// The text of JSON's own tokens.
enum JSONText {
    /// Between two tokens: nothing, a space, or a line break with indentation.
    static let space: Expression = {
        let blank = Expression.byte(ByteSet(" \t".utf8))
        return .choice([
            .empty, .text(" "), .sequence([.text("\n"), .optional(.text("\n")), .repetition(blank, min: 0, max: 20)]),
        ])
    }()

    static let digit = Expression.byte(ByteSet("0123456789".utf8))

    static func digits(_ min: Int, _ max: Int?) -> Expression { .repetition(digit, min: min, max: max) }

    /// Without sign or leading zeros; as many digits as a signed 64-bit number surely holds.
    static let natural = Expression.choice([
        .text("0"), .sequence([.byte(ByteSet("123456789".utf8)), digits(0, 17)]),
    ])

    static let fraction = Expression.sequence([.text("."), digits(1, 18)])

    static let integer = Expression.sequence([.optional(.text("-")), natural])

    /// Up to 289: with the 18 digits before the point no number is too large for a double, where readers have infinity.
    private static let exponent = Expression.choice([
        .sequence([.text("-"), digits(1, 3)]),
        .sequence([
            .optional(.text("+")),
            .choice([
                digits(1, 2), .sequence([.text("1"), digits(2, 2)]),
                .sequence([.text("2"), .byte(ByteSet("012345678".utf8)), digit]),
            ]),
        ]),
    ])

    static let number = Expression.sequence([
        integer, .optional(fraction), .optional(.sequence([.byte(ByteSet("eE".utf8)), exponent])),
    ])

    /// A character of a string, escaped or not. Half of a surrogate pair is none.
    static let character: Expression = {
        let hex = Expression.byte(ByteSet("0123456789abcdefABCDEF".utf8))
        let of = { (letters: String) in Expression.byte(ByteSet(letters.utf8)) }
        let escape = Expression.choice([
            of("\"\\/bfnrt"),
            .sequence([.text("u"), of("0123456789abcefABCEF"), hex, hex, hex]),
            .sequence([.text("u"), of("dD"), of("01234567"), hex, hex]),
            .sequence([
                .text("u"), of("dD"), of("89abAB"), hex, hex, .text("\\u"), of("dD"), of("cdefCDEF"), hex, hex,
            ]),
        ])
        let plain = ScalarSet([0x20...0x21, 0x23...0x5B, 0x5D...0xD7FF, 0xE000...0x10FFFF])
        return .choice([UTF8Ranges.expression(plain), .sequence([.text("\\"), escape])])
    }()

    static let string = quoted(.many(character))

    static func quoted(_ inner: Expression) -> Expression { .sequence([.text("\""), inner, .text("\"")]) }

    static func string(_ text: String) -> Expression { .literal(JSONValue.string(text).serialized) }

    /// One document, with `space` between its tokens.
    static func document(_ value: JSONValue, space: Expression) -> Expression {
        let separator = Expression.sequence([.text(","), space])
        switch value {
        case .array(let values):
            let elements = values.map { document($0, space: space) }
            return .sequence([
                .text("["), space,
                .elements(elements, rest: nil, min: elements.count, max: elements.count, separator: separator), space,
                .text("]"),
            ])
        case .object(let object):
            let members = object.members.map { member in
                Expression.Member(
                    .sequence([string(member.name), .text(":"), space, document(member.value, space: space)]), .once)
            }
            let inner = Expression.members(members, min: members.count, max: nil, separator: separator)
            return .sequence([.text("{"), space, inner, space, .text("}")])
        default: return .literal(value.serialized)
        }
    }
}
