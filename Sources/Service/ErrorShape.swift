import HTTP
import OpenAI

/// In whose words a route refuses: its clients choose their error classes by them.
enum ErrorShape: Sendable {
    case openAI, anthropic

    /// - Parameter pattern: of the route; nil for none.
    init(of pattern: String?) { self = pattern?.hasPrefix("/v1/messages") == true ? .anthropic : .openAI }
}
