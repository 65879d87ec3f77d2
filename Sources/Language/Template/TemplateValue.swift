import JSON

/// A value inside a template: plain data, and the few things that can be called.
///
/// Lists and namespaces are references, as in Python; a renderer owns them and they never leave its thread.
indirect enum TemplateValue {
    /// With the words that Jinja has for it: "'x' is undefined".
    case undefined(String)
    case none
    case bool(Bool)
    case integer(Int)
    case double(Double)
    case string(MarkedText)
    case list(TemplateList)
    case dictionary(TemplateDictionary)
    case namespace(TemplateNamespace)
    case loop(TemplateLoop)
    case function(TemplateFunction)
    /// A method that was looked up but not called yet.
    case method(TemplateValue, String)

    /// A value from a request: all of its strings, member names too, are data.
    init(_ value: JSONValue) {
        switch value {
        case .null: self = .none
        case .bool(let bool): self = .bool(bool)
        case .integer(let integer): self = .integer(Int(integer))
        case .number(let number): self = .double(number)
        case .string(let text): self = .string(MarkedText(text, .data))
        case .array(let elements): self = .list(TemplateList(elements.map { TemplateValue($0) }))
        case .object(let object):
            var dictionary = TemplateDictionary()
            for member in object.members {
                dictionary.insert(.string(MarkedText(member.name, .data)), TemplateValue(member.value))
            }
            self = .dictionary(dictionary)
        }
    }

    static func text(_ text: String) -> TemplateValue { .string(MarkedText(text, .template)) }
    static func list(_ items: [TemplateValue]) -> TemplateValue { .list(TemplateList(items)) }

    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let bool): bool
        case .integer(let integer): integer != 0
        case .double(let double): double != 0
        case .string(let text): !text.isEmpty
        case .list(let list): !list.items.isEmpty
        case .dictionary(let dictionary): dictionary.count > 0
        case .namespace, .loop, .function, .method: true
        }
    }

    /// Python's name of the type, for error messages.
    var typeName: String {
        switch self {
        case .undefined: "Undefined"
        case .none: "NoneType"
        case .bool: "bool"
        case .integer: "int"
        case .double: "float"
        case .string: "str"
        case .list(let list): list.isTuple ? "tuple" : "list"
        case .dictionary: "dict"
        case .namespace: "Namespace"
        case .loop: "LoopContext"
        case .function: "function"
        case .method: "method"
        }
    }

    /// bool counts as a number, as in Python.
    var number: Double? {
        switch self {
        case .bool(let bool): bool ? 1 : 0
        case .integer(let integer): Double(integer)
        case .double(let double): double
        default: nil
        }
    }

    var wholeNumber: Int? {
        switch self {
        case .bool(let bool): bool ? 1 : 0
        case .integer(let integer): integer
        default: nil
        }
    }
}

final class TemplateList {
    var items: [TemplateValue]
    let isTuple: Bool

    init(_ items: [TemplateValue], isTuple: Bool = false) {
        self.items = items
        self.isTuple = isTuple
    }
}

final class TemplateNamespace {
    var members: [String: TemplateValue]

    init(_ members: [String: TemplateValue]) { self.members = members }
}

/// What `loop` is inside a loop.
struct TemplateLoop {
    let items: TemplateList
    let index: Int
    let depth: Int
}

/// What can be called by its name.
enum TemplateFunction {
    case range, namespace, dict, raiseException, strftimeNow
    case macro(Statement.Macro, scope: TemplateScope)
}
