package import HTTPTypes

/// Finds the handler by method and path.
///
/// A pattern is an exact path, `/v1/models`, or has one parameter, `/v1/models/{id}` or `/v1/responses/{id}/cancel`,
/// which takes all that the other segments leave: `a/b` also when the client did not encode the slash. Segments are compared as bytes, decoded once; nothing else is
/// normalised, save that one trailing slash is tolerated, and `base` written twice. HEAD works wherever GET does. An unknown path is 404 and an
/// unknown method on a known path 405 with `Allow`, both before the body is read.
package struct Router: Responder {
    package typealias Handler = @Sendable (Request) async -> Response
    /// Decides by the head alone; nil goes on.
    package typealias Admission = @Sendable (RequestHead) -> Response?

    private struct Route: Sendable {
        let pattern: String
        /// Before the parameter, or all.
        let segments: [[UInt8]]
        /// Behind the parameter; nil where there is none.
        let ending: [[UInt8]]?
        var handlers: [Entry] = []
    }

    private struct Entry: Sendable {
        let method: HTTPRequest.Method
        let admission: Admission?
        let takesUpload: Bool
        let handler: Handler
    }

    private let errorBody: ErrorBody
    /// A first segment that some clients write twice, once in their base URL and once in their paths.
    private let base: String
    private var routes: [Route] = []

    package init(base: String = "", errorBody: @escaping ErrorBody) {
        self.base = base
        self.errorBody = errorBody
    }

    /// Adds a route. A later one never replaces an earlier one with the same method and pattern; exact patterns win
    /// over those with a parameter whatever their order.
    ///
    /// - Parameter takesUpload: whether the handler takes the body piece by piece.
    package mutating func on(
        _ method: HTTPRequest.Method, _ pattern: String, admit: Admission? = nil, takesUpload: Bool = false,
        _ handler: @escaping Handler
    ) {
        let entry = Entry(method: method, admission: admit, takesUpload: takesUpload, handler: handler)
        if let known = routes.firstIndex(where: { $0.pattern.utf8.elementsEqual(pattern.utf8) }) {
            routes[known].handlers.append(entry)
            return
        }
        let segments = pattern.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { Array($0) }
        let parameter = segments.firstIndex { $0.first == UInt8(ascii: "{") && $0.last == UInt8(ascii: "}") }
        routes.append(
            Route(
                pattern: pattern, segments: Array(segments[..<(parameter ?? segments.count)]),
                ending: parameter.map { Array(segments[($0 + 1)...]) }, handlers: [entry]))
    }

    /// Methods and patterns of all routes.
    package var table: [(method: HTTPRequest.Method, pattern: String)] {
        routes.flatMap { route in route.handlers.map { ($0.method, route.pattern) } }
    }

    /// The pattern that a target matches, whatever the method; nil when it is an unknown path.
    package func pattern(for target: RequestTarget) -> String? {
        target.isAsterisk ? nil : match(target.segments)?.0.pattern
    }

    package func admit(_ head: RequestHead) async -> Response? {
        switch find(head) {
        case .refusal(let response): return response
        case .found(let found):
            var head = head
            head.parameter = found.parameter
            var response = found.admission?(head)
            response?.handler = found.pattern
            return response
        }
    }

    package func takesUpload(_ head: RequestHead) -> Bool {
        if case .found(let found) = find(head) { found.takesUpload } else { false }
    }

    package func respond(to request: Request) async -> Response {
        switch find(request.head) {
        case .refusal(let response): return response
        case .found(let found):
            var request = request
            request.head.parameter = found.parameter
            var response = await found.handler(request)
            response.handler = found.pattern
            return response
        }
    }

    private struct Found {
        let pattern: String
        let parameter: String?
        let admission: Admission?
        let takesUpload: Bool
        let handler: Handler
    }

    private enum Finding {
        case found(Found)
        case refusal(Response)
    }

    private func find(_ head: RequestHead) -> Finding {
        if head.target.isAsterisk { return .refusal(options(allow: [.get, .head, .post, .options])) }
        guard let (route, parameter) = match(head.target.segments) else {
            return .refusal(errorBody(.notFound, "no such path: \(head.target.path)"))
        }
        let wanted = route.handlers.first { $0.method == head.method }
        let chosen = wanted ?? (head.method == .head ? route.handlers.first { $0.method == .get } : nil)
        if let chosen {
            return .found(
                Found(
                    pattern: route.pattern, parameter: parameter, admission: chosen.admission,
                    takesUpload: chosen.takesUpload, handler: chosen.handler))
        }
        return .refusal(refuse(head.method, on: route))
    }

    private func refuse(_ method: HTTPRequest.Method, on route: Route) -> Response {
        var allowed = route.handlers.map(\.method)
        if allowed.contains(.get), !allowed.contains(.head) { allowed.append(.head) }
        if !allowed.contains(.options) { allowed.append(.options) }
        var response =
            method == .options
            ? options(allow: allowed) : errorBody(.methodNotAllowed, "\(method) is not allowed on \(route.pattern)")
        response.fields[.allow] = allowed.map(\.rawValue).joined(separator: ", ")
        response.handler = route.pattern
        return response
    }

    private func options(allow: [HTTPRequest.Method]) -> Response {
        Response(status: .noContent, fields: [.allow: allow.map(\.rawValue).joined(separator: ", ")])
    }

    /// Exact routes before those with a parameter, and among these the longest ending first.
    private func match(_ given: [String]) -> (Route, parameter: String?)? {
        var segments = given[...]
        if segments.count > 1, segments.last?.isEmpty == true { segments.removeLast() }
        if segments.prefix(2) == [base, base] { segments.removeFirst() }
        for route in routes where route.ending == nil && Self.equal(route.segments, segments) { return (route, nil) }
        var best: (Route, parameter: String?)?
        for route in routes {
            guard let ending = route.ending, segments.count > route.segments.count + ending.count,
                ending.count > best?.0.ending?.count ?? -1,
                Self.equal(route.segments, segments.prefix(route.segments.count)),
                Self.equal(ending, segments.suffix(ending.count))
            else { continue }
            let parameter = segments.dropFirst(route.segments.count).dropLast(ending.count).joined(separator: "/")
            if !parameter.isEmpty { best = (route, parameter) }
        }
        return best
    }

    private static func equal(_ pattern: [[UInt8]], _ segments: ArraySlice<String>) -> Bool {
        pattern.count == segments.count
            && zip(pattern, segments).allSatisfy { $0.count == $1.utf8.count && $0.elementsEqual($1.utf8) }
    }
}
