import Grammar
import JSON

/// Looks at the calls of tools in an answer: there is one, each is of a tool that was offered, and its arguments fit that
/// tool's schema. With a `reference` of `{"name": …, "arguments": {…}}`, or an array of such, the calls are those.
package struct SchemaVerifier: Verifier {
    package static let name = "schema"

    package var name: String { Self.name }

    package init() {}

    package func verify(_ candidate: Candidate) async -> Verdict {
        let calls = candidate.toolCalls.map(Call.init)
        guard !calls.isEmpty else { return Verdict(passed: false, report: "The answer calls no tool.") }
        for call in calls {
            if let problem = Self.problem(of: call, among: candidate.tools) {
                return Verdict(passed: false, report: problem)
            }
        }
        guard let reference = candidate.reference else { return Verdict(passed: true) }
        let wanted = (reference.array ?? [reference]).map(Call.init)
        let isEqual = wanted == calls
        return Verdict(passed: isEqual, report: isEqual ? "" : "The calls are not those of the reference.")
    }

    /// A call, whether it comes in OpenAI's form, with arguments as text, or as name and arguments alone.
    private struct Call: Equatable {
        let name: String?
        /// Nil for text that is no JSON.
        let arguments: JSONValue?

        init(_ value: JSONValue) {
            let object = value.object?["function"]?.object ?? value.object
            name = object?["name"]?.string
            if case .string(let text) = object?["arguments"] {
                arguments = try? JSONValue(parsing: Array(text.utf8))
            } else {
                arguments = object?["arguments"]
            }
        }
    }

    private static func problem(of call: Call, among tools: [JSONValue]) -> String? {
        let functions = tools.compactMap { $0.object?["function"]?.object }
        guard let name = call.name, let tool = functions.first(where: { $0["name"]?.string == name }) else {
            return "There is no tool '\(call.name ?? "")'."
        }
        guard let arguments = call.arguments, arguments.object != nil else {
            return "The arguments of '\(name)' are no JSON object."
        }
        guard let schema = tool["parameters"] else { return nil }
        do throws(GrammarError) {
            let matcher = try TextMatcher(try SchemaCompiler.grammar(for: schema))
            let fits = matcher.matches(arguments.ordered(by: schema).serialized)
            return fits ? nil : "The arguments of '\(name)' do not fit its schema."
        } catch {
            return "The schema of '\(name)' cannot be checked: \(error)."
        }
    }
}

extension JSONValue {
    /// The same with members in the order of the schema's properties: in that order the grammar of a schema reads them.
    fileprivate func ordered(by schema: JSONValue?) -> JSONValue {
        switch self {
        case .array(let elements): return .array(elements.map { $0.ordered(by: schema?.object?["items"]) })
        case .object(let object):
            let properties = schema?.object?["properties"]?.object ?? [:]
            let named = properties.members.compactMap { property in
                object[property.name].map { (property.name, $0.ordered(by: property.value)) }
            }
            let others = object.members.filter { properties[$0.name] == nil }.map { ($0.name, $0.value) }
            return .object(JSONObject(named + others))
        default: return self
        }
    }
}
