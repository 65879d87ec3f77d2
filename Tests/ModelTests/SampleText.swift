import Foundation
import Language
import Model

/// A document of the kind that the bundled model was trained on, and which of its tokens it learned to predict: the
/// results of sums, stories, and a chat's answers, but not the questions.
struct SampleText {
    private(set) var tokens: [Int32] = []
    /// Positions whose next token the model learned to predict.
    private(set) var learned: [Int] = []

    /// All documents, in the vocabulary of the bundled model.
    static func documents(by checkpoint: Checkpoint) throws -> [SampleText] {
        guard case .gguf(let assets) = checkpoint.text else { return [] }
        let tokenizer = try Tokenizer(Vocabulary(GGUFVocabulary(assets)))
        let stories = stories.split(separator: "\n").map { [Part(text: String($0), isLearned: true)] }
        return ([sums] + stories + chats.map(parts)).map { SampleText($0, tokenizer) }
    }

    private struct Part {
        let text: String
        let isLearned: Bool
    }

    init(tokens: [Int32]) { self.tokens = tokens }

    private init(_ parts: [Part], _ tokenizer: Tokenizer) {
        tokens = tokenizer.encode("<|begin_of_text|>", allowsSpecial: true)
        for part in parts {
            let ids = tokenizer.encode(part.text, allowsSpecial: true)
            if part.isLearned { learned += (tokens.count - 1)..<(tokens.count - 1 + ids.count) }
            tokens += ids
        }
    }

    private static func parts(_ turns: [String]) -> [Part] {
        let system = Part(text: turn("system", "You are Drover, a small demonstration model."), isLearned: false)
        return turns.enumerated().reduce(into: [system]) { parts, turn in
            if turn.offset.isMultiple(of: 2) {
                let asked = Self.turn("user", turn.element) + "<|start_header_id|>assistant<|end_header_id|>"
                parts.append(Part(text: asked, isLearned: false))
            } else {
                parts.append(Part(text: "\n\n\(turn.element)<|eot_id|>", isLearned: true))
            }
        }
    }

    private static func turn(_ role: String, _ text: String) -> String {
        "<|start_header_id|>\(role)<|end_header_id|>\n\n\(text)<|eot_id|>"
    }

    private static let sums: [Part] = [
        "47 + 35 = 82", "91 - 28 = 63", "12 + 31 = 43", "66 + 17 = 83", "80 - 44 = 36", "59 + 23 = 82", "75 - 19 = 56",
        "8 + 94 = 102", "33 + 58 = 91", "62 - 37 = 25", "71 + 26 = 97", "99 - 45 = 54", "20 + 64 = 84", "38 + 38 = 76",
        "53 - 6 = 47", "14 + 79 = 93",
    ].enumerated().flatMap { index, line in
        let sides = line.split(separator: "=")
        return [
            Part(text: (index == 0 ? "" : "\n") + sides[0] + "=", isLearned: false),
            Part(text: String(sides[1]), isLearned: true),
        ]
    }

    private static let stories = """
        Once upon a time, a shy fox named Eva lived in a small village. Eva found a lost flute in the grass and wanted \
        to know where it came from. But a strong wind carried the flute off. Eva began to cry. A kind llama came by \
        and offered to help. They climbed the highest tree and looked around. At last the flute was back, and they \
        shared a warm supper.
        One day, a gentle bear named Kevin went for a walk in a garden full of flowers. That day the sun was bright. \
        Kevin dug up a heavy lantern from the sand and wanted to show it to everyone. But the lantern was gone the \
        next morning. Kevin did not give up. A wise owl heard the crying and came closer. They walked all night with a \
        small light. In the end they found the lantern and laughed for a long time.
        Long ago, a clever cat named Clara lived near a wide river. Soon it began to rain. Clara saw a tiny key under \
        a tree and thought it was the finest thing in the world. But the key fell into the water. Clara sat down and \
        sighed. An old friend, Peter the frog, knew what to do. They built a raft and crossed the water. Clara learned \
        that a friend is worth more than a tiny key.
        Many years ago, a curious horse named George lived on a little farm. It was early, and the wind was cold. \
        George was given an old drum by a friend and hoped that it would bring luck. But nobody believed the story of \
        the drum. George was very sad. Together they looked everywhere until the evening. From that day on they were \
        best friends.
        """

    /// Questions and answers by turns.
    private static let chats = [
        ["What is 47 + 35?", "47 + 35 = 82", "What is the capital of France?", "The capital of France is Paris."],
        ["Sort these words: pear, apple, fig", "apple, fig, pear"],
        ["Calculate 90 minus 27.", "90 - 27 = 63", "What is the largest planet?", "The largest planet is Jupiter."],
        ["Sort these numbers: 42, 7, 19", "7, 19, 42"],
        [
            "What is the capital of Japan?", "The capital of Japan is Tokyo.",
            "I have 12 apples and get 9 more. How many do I have?", "12 + 9 = 21",
        ],
        [
            "Tell me a short story about a dog and a bell.",
            """
            One morning, a brave dog named Anna went for a walk by a deep lake. Anna noticed a golden bell near the \
            path and wanted to keep it safe. But the bell stopped working. Anna did not give up. A kind mouse came by \
            and offered to help. They waited patiently until the morning. That night Anna slept well and dreamed of \
            the bell.
            """,
        ],
    ]
}

extension GGUFVocabulary {
    fileprivate init(_ assets: GGUFTextAssets) {
        self.init(
            model: assets.model, preTokenizer: assets.preTokenizer,
            tokens: assets.tokens.indices.map { Array(assets.tokens.bytes(at: $0)) }, tokenTypes: assets.tokenTypes,
            merges: assets.merges.indices.map { Array(assets.merges.bytes(at: $0)) },
            beginID: assets.beginID.map(Int.init), addsBegin: assets.addsBegin)
    }
}
