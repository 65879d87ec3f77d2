import Transport

/// One hop in `X-Forwarded-For` or `Forwarded`.
enum ForwardedElement {
    /// The elements of a list, at commas outside of quoted strings (RFC 7239, 4).
    static func split(_ list: ArraySlice<UInt8>, at separator: UInt8 = ASCII.comma) -> [ArraySlice<UInt8>] {
        var elements: [ArraySlice<UInt8>] = []
        var (start, index, isQuoted) = (list.startIndex, list.startIndex, false)
        while index < list.endIndex {
            switch list[index] {
            case ASCII.quote: isQuoted.toggle()
            case ASCII.backslash where isQuoted: index += 1
            case separator where !isQuoted:
                elements.append(ASCII.trim(list[start..<index]))
                start = index + 1
            default: break
            }
            index += 1
        }
        elements.append(ASCII.trim(list[start...]))
        return elements.filter { !$0.isEmpty }
    }

    /// The address of the one `for` of an element as `for="[2001:db8::1]:4711";proto=https`.
    static func node(_ element: ArraySlice<UInt8>) -> IPAddress? {
        let values = split(element, at: UInt8(ascii: ";")).compactMap { pair -> ArraySlice<UInt8>? in
            ASCII.equal(pair.prefix(4), "for=") ? pair.dropFirst(4) : nil
        }
        guard let value = values.first, values.count == 1 else { return nil }
        guard value.first == ASCII.quote else { return address(value) }
        guard value.count >= 2, value.last == ASCII.quote else { return nil }
        return address(value.dropFirst().dropLast())
    }

    /// The address without its port: `192.0.2.1:80`, `[2001:db8::1]:80`, and an IPv6 address that has no brackets.
    static func address(_ text: ArraySlice<UInt8>) -> IPAddress? {
        guard text.allSatisfy(ASCII.isVisible) else { return nil }
        if let address = IPAddress(ASCII.text(text)) { return address }
        return Authority.isValid(text) ? IPAddress(ASCII.text(Authority.name(of: text))) : nil
    }
}
