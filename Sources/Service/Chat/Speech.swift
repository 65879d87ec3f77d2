package import OpenAI

/// What a sample of an answer said: text, or calls of tools and perhaps text behind them.
package struct Speech: Sendable {
    package enum Part: Sendable, Equatable {
        case text(String)
        case call(ToolCall)
    }

    /// It, as it comes.
    package enum Piece: Sendable, Equatable {
        case text(String)
        /// A call begins, the so many-th; its arguments follow.
        case call(ToolCall, number: Int)
        /// Of the arguments of that call.
        case arguments(String, number: Int)
        /// The call is over; `isCut` when the answer ended before it did.
        case end(isCut: Bool)
    }

    package private(set) var parts: [Part] = []
    package internal(set) var reason = FinishReason.stop

    package init() {}

    package var text: String {
        parts.reduce(into: "") { if case .text(let text) = $1 { $0 += text } }
    }

    package var calls: [ToolCall] {
        parts.compactMap { if case .call(let call) = $0 { call } else { nil } }
    }

    /// The last part is a call without its end.
    var isCallCut: Bool {
        if reason == .length, case .call = parts.last { true } else { false }
    }

    mutating func append(_ piece: Piece) {
        switch piece {
        case .text(let more):
            guard case .text(var text) = parts.last else { return parts.append(.text(more)) }
            // So that the text is not copied for each piece.
            parts.removeLast()
            text += more
            parts.append(.text(text))
        case .call(let call, _): parts.append(.call(call))
        case .arguments(let more, _):
            guard case .call(var call) = parts.popLast() else { return }
            call.arguments += more
            parts.append(.call(call))
        case .end: break
        }
    }
}
