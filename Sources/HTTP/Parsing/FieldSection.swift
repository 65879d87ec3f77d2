import HTTPTypes

/// Parses field lines up to the empty line that ends them. Serves headers and trailers.
struct FieldSection {
    /// The values that decide about the message itself, each line by itself.
    struct Known {
        var hosts: [[UInt8]] = []
        var lengths: [[UInt8]] = []
        var transferCodings: [[UInt8]] = []
        var contentCodings: [[UInt8]] = []
        var expectations: [[UInt8]] = []
        var connection: [[UInt8]] = []
    }

    private(set) var fields = HTTPFields()
    private(set) var known = Known()
    private let lineLimit: Int
    private let sectionLimit: Int
    private let countLimit: Int
    private var count = 0
    private var size = 0

    init(lineLimit: Int, sectionLimit: Int, countLimit: Int) {
        self.lineLimit = lineLimit
        self.sectionLimit = sectionLimit
        self.countLimit = countLimit
    }

    /// True once the section has ended.
    mutating func next(_ buffer: inout LineBuffer) throws(RequestError) -> Bool {
        while true {
            // Whichever limit is nearer; both errors are 431.
            let rest = sectionLimit - size
            switch buffer.nextLine(limit: min(lineLimit, rest)) {
            case .incomplete: return false
            case .tooLong:
                throw rest < lineLimit ? .fieldSectionTooLong(limit: sectionLimit) : .fieldLineTooLong(limit: lineLimit)
            case .bareLineFeed: throw .malformed("a header line must end in CRLF")
            case .line(let line):
                if line.isEmpty { return true }
                size = min(sectionLimit, size + line.count + 2)
                guard count < countLimit else { throw .tooManyFields(limit: countLimit) }
                count += 1
                try add(line)
            }
        }
    }

    /// RFC 9112 5: `name:` without white space, then a value with optional blanks around it. No continuation lines.
    private mutating func add(_ line: ArraySlice<UInt8>) throws(RequestError) {
        guard let colon = line.firstIndex(of: ASCII.colon) else { throw .malformed("a header line has no colon") }
        let bytes = line[..<colon]
        guard !bytes.isEmpty, bytes.allSatisfy(ASCII.isToken), let name = HTTPField.Name(ASCII.text(bytes)) else {
            throw .malformed("a header name is not a token")
        }
        let value = ASCII.trim(line[(colon + 1)...])
        guard value.allSatisfy(ASCII.isFieldText) else { throw .malformed("a header value has a control character") }
        note(name, value)
        fields.append(HTTPField(name: name, value: value))
    }

    private mutating func note(_ name: HTTPField.Name, _ value: ArraySlice<UInt8>) {
        switch name.canonicalName {
        case "host": known.hosts.append(Array(value))
        case "content-length": known.lengths.append(Array(value))
        case "transfer-encoding": known.transferCodings.append(Array(value))
        case "content-encoding": known.contentCodings.append(Array(value))
        case "expect": known.expectations.append(Array(value))
        case "connection": known.connection.append(Array(value))
        default: break
        }
    }
}
