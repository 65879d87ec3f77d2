import JSON
import Language
import Testing

@Suite struct StopFilterTests {
    private static func run(_ stops: [String], _ pieces: [String]) -> (text: String, stop: Int?) {
        var filter = StopFilter(stops)
        var text = ""
        for piece in pieces {
            let output = filter.push(piece)
            text += output.text
            if let stop = output.stop { return (text, stop) }
        }
        return (text + filter.flush(), nil)
    }

    @Test(
        arguments: [
            (["END"], "one ENDtwo", "one ", 0), (["END"], "one EN", "one EN", nil), (["aab"], "aaab", "a", 0),
            (["abcX", "bc"], "zabcX", "za", 1), (["\n\n", "é"], "a\nbé", "a\nb", 1), ([""], "abc", "abc", nil),
            (["<|x|>", "<|"], "a<|x|>", "a", 1),
        ] as [([String], String, String, Int?)])
    func `gives the same result however the text is cut`(stops: [String], text: String, expected: String, stop: Int?) {
        let characters = text.unicodeScalars.map { String($0) }
        for cut in 0...characters.count {
            let pieces = [characters[..<cut].joined(), characters[cut...].joined()]
            #expect(Self.run(stops, pieces) == (expected, stop))
        }
        #expect(Self.run(stops, characters) == (expected, stop))
    }

    @Test func `holds back no more than could become a stop string`() {
        var filter = StopFilter(["\n\nUser:"])
        #expect(filter.push("Hello\n").text == "Hello")
        #expect(filter.push("\nUs").text == "")
        #expect(filter.push("a").text == "\n\nUsa")
        #expect(filter.flush() == "")
    }
}

@Suite struct DetokenizerTests {
    private static func detokenizer(skipsSpecial: Bool = true) throws -> (Tokenizer, Detokenizer) {
        let vocabulary = try Vocabulary(tokenizerFile: try SharedData.fixture("tokenizer.json"))
        return (Tokenizer(vocabulary), Detokenizer(vocabulary, skipsSpecial: skipsSpecial))
    }

    @Test func `J45 holds back half a character`() throws {
        var (tokenizer, detokenizer) = try Self.detokenizer()
        let ids = tokenizer.encode("😀")
        try #require(ids.count > 1)
        for id in ids.dropLast() { #expect(detokenizer.push(id) == "") }
        #expect(detokenizer.push(ids[ids.count - 1]) == "😀")
        #expect(detokenizer.finish() == "")
    }

    @Test func `J45 ends half a character as one replacement`() throws {
        var (tokenizer, detokenizer) = try Self.detokenizer()
        for id in tokenizer.encode("😀").dropLast() { #expect(detokenizer.push(id) == "") }
        #expect(detokenizer.finish() == "\u{FFFD}")
        #expect(detokenizer.finish() == "")
    }

    @Test func `replaces bytes that can never be text`() throws {
        var (tokenizer, detokenizer) = try Self.detokenizer()
        let ids = tokenizer.encode("😀")
        #expect(detokenizer.push(ids[1]) == "\u{FFFD}")
        #expect(detokenizer.push(ids[0]) == "")
        #expect(detokenizer.push(tokenizer.encode("a")[0]) == "\u{FFFD}a")
    }

    @Test func `shows control tokens only where asked`() throws {
        var (tokenizer, hiding) = try Self.detokenizer()
        var (_, showing) = try Self.detokenizer(skipsSpecial: false)
        let eot = try #require(tokenizer.vocabulary.special("<|eot_id|>"))
        #expect(hiding.push(eot) == "")
        #expect(showing.push(eot) == "<|eot_id|>")
        #expect(hiding.push(1 << 30) == "")
        #expect(hiding.push(-1) == "")
    }
}

@Suite struct PieceSplitterTests {
    private static func pieces(_ bytes: [UInt8]) -> [String] {
        bytes.withUnsafeBufferPointer { buffer in
            var splitter = PieceSplitter(buffer)
            var pieces: [String] = []
            while let range = splitter.next() { pieces.append(String(decoding: buffer[range], as: UTF8.self)) }
            return pieces
        }
    }

    @Test(arguments: [
        ("I'LL don't 'ſx", ["I", "'LL", " don", "'t", " '", "ſx"]), ("a'ſt", ["a", "'ſ", "t"]),
        ("  a\n \n b", [" ", " a", "\n \n", " b"]), ("a  ", ["a", "  "]), ("\u{3000}x", ["\u{3000}x"]),
        ("12345", ["123", "45"]), ("hi!!\n\nx", ["hi", "!!\n\n", "x"]), ("\t!", ["\t", "!"]), ("\nx", ["\n", "x"]),
    ])
    func `cuts as the pattern does`(text: String, expected: [String]) {
        #expect(Self.pieces(Array(text.utf8)) == expected)
    }

    @Test func `covers broken UTF-8 byte by byte`() {
        let bytes: [UInt8] = [0xFF, 0xE2, 0x82, 0x41, 0xF4, 0x90, 0x80, 0x80]
        #expect(
            bytes.withUnsafeBufferPointer { buffer in
                var splitter = PieceSplitter(buffer)
                var end = 0
                while let range = splitter.next(), range.lowerBound == end { end = range.upperBound }
                return end
            } == bytes.count)
    }
}
