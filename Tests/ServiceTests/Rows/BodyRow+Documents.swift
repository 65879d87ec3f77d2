/// What is no JSON document, or not one that we take.
extension BodyRow {
    static let documents: [BodyRow] = [
        .text("J1", ""), .text("J1", "{"), .text("J1", "[]"), .text("J1", "\"x\""), .text("J1", "null"),
        .text("J1", "1"),
        .text("J3", String(repeating: "[", count: 100_000)), .text("J3", nested("[", "]", 100_000)),
        .text("J3", nested(#"{"a":"#, "", 100_000)), .text("J3", nested("[", "]", 129)),
        .chat("J4", "tools", tool(parameters: nested("[", "]", 129)), param: ""),
        .text("J5", list(1_000_001) { _ in "1" }),
        .chat("J10", "seed", "1,", param: ""), .chat("J10", "stop", "['a']", param: ""),
        .chat("J10", "stop", "/* */ \"a\"", param: ""), .chat("J10", "temperature", "NaN", param: ""),
        .chat("J10", "temperature", "Infinity", param: ""), .chat("J10", "seed", "01", param: ""),
        .chat("J11", "temperature", "1e999", param: ""), .chat("J11", "seed", "-1e999", param: ""),
        .chat("J11", "seed", String(repeating: "9", count: 4000), param: ""),
        .chat("J12", "messages", "[], \"messages\": []", param: ""),
        .chat("J12", "model", "\"oracle\", \"model\": \"other\"", param: ""),
        .text("J13", #"{"messages": [{"role": "user", "content": "a"}]} x"#),
        .text("J13", #"{"messages": [{"role": "user", "content": "a"}]}{}"#),
    ]

    static let texts: [BodyRow] = [
        .content("J6", [0xFF]), .content("J6", [0xC0, 0x80]), .content("J6", [0xED, 0xA0, 0x80]),
        .content("J6", [0xE2, 0x82]), .content("J6", [0xF8, 0x88, 0x80, 0x80, 0x80]),
        BodyRow("J7", Array(#"{"messages": []}"#.utf16).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }),
        .text("J7", "\u{FEFF}{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}"),
        .content("J8", Array(#"\ud800"#.utf8)), .content("J8", Array(#"\udc00"#.utf8)),
        .content("J8", Array(#"\udc00\ud800"#.utf8)), .content("J8", Array(#"\ud83d\ude00"#.utf8), 200),
        .content("J9", Array(#"a\u0000b"#.utf8), 200),
        .chat("J9", "tools", tool(name: #"a\u0000"#), param: "tools[0].function.name"),
    ]

    static func tool(name: String = "f", parameters: String = "{}") -> String {
        #"[{"type": "function", "function": {"name": "\#(name)", "parameters": \#(parameters)}}]"#
    }
}
