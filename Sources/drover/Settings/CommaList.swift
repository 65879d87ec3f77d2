import ArgumentParser
import HTTP
import Transport

/// A setting with several values, separated by commas.
struct CommaList<Element: ExpressibleByArgument & Sendable>: ExpressibleByArgument, Sendable {
    let elements: [Element]

    init(_ elements: [Element] = []) { self.elements = elements }

    /// Nil when one of them is wrong, or there is none.
    init?(argument: String) {
        var elements: [Element] = []
        for piece in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let element = Element(argument: String(piece.trimming { $0 == " " })) else { return nil }
            elements.append(element)
        }
        self.elements = elements
    }
}

extension Substring {
    fileprivate func trimming(while isBlank: (Character) -> Bool) -> Substring {
        var text = drop(while: isBlank)
        while let last = text.last, isBlank(last) { text.removeLast() }
        return text
    }
}

/// A host without a port: a name, or an address without brackets.
struct HostName: ExpressibleByArgument, Sendable {
    let text: String

    init?(argument: String) {
        guard !argument.isEmpty, argument.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }),
            !argument.contains(":") || IPAddress(argument) != nil
        else { return nil }
        text = argument
    }
}

/// What a browser writes into `Origin`, `https://chat.example:8443`, or `*` for all.
struct WebOrigin: ExpressibleByArgument, Sendable {
    let text: String

    init?(argument: String) {
        let parts = argument.split(separator: "://", omittingEmptySubsequences: false)
        let isOrigin = parts.count == 2 && parts.allSatisfy { !$0.isEmpty && !$0.contains("/") }
        guard argument == "*" || isOrigin, argument.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        text = argument
    }
}

/// Permissions of a file, in octal: `660`.
struct FileMode: ExpressibleByArgument, Sendable {
    let bits: UInt32

    init(bits: UInt32) { self.bits = bits }

    init?(argument: String) {
        guard (3...4).contains(argument.utf8.count), argument.utf8.allSatisfy({ (0x30...0x37).contains($0) }),
            let bits = UInt32(argument, radix: 8), bits <= 0o777
        else { return nil }
        self.bits = bits
    }
}

extension Endpoint: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}

extension AddressRange: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}

extension TrustedProxies.Field: ExpressibleByArgument {}
