package import HTTP
import HTTPTypes
import OpenAI

/// Stands before everything else, and keeps web pages out that are not to use the server.
///
/// Without API keys the server trusts whoever reaches it, and so would trust every page open in a browser on the same
/// machine. The checks hold with keys as well: a browser cannot tell whether there are any.
package struct BrowserGuard: Responder {
    let inner: GuardedRouter
    let hosts: HostPolicy
    let origins: OriginPolicy

    package func admit(_ head: RequestHead) async -> Response? {
        do throws(APIError) {
            try checkHost(of: head)
            guard let origin = OriginPolicy.origin(of: head) else { return await inner.admit(head) }
            try check(origin, of: head)
            guard origins.allows(origin) else { return await inner.admit(head) }
            // Before the keys: browsers send none with this question.
            var response = origins.preflight(head)
            if response == nil { response = await inner.admit(head) }
            return response.map { origins.allowing(origin, $0) }
        } catch {
            return Response(error)
        }
    }

    package func takesUpload(_ head: RequestHead) -> Bool { inner.takesUpload(head) }

    package func respond(to request: Request) async -> Response {
        let response = await inner.respond(to: request)
        guard let origin = OriginPolicy.origin(of: request.head), origins.allows(origin) else { return response }
        return origins.allowing(origin, response)
    }

    /// Probes ask for the life of a process by whatever address they have for it, and learn nothing else there.
    private func checkHost(of head: RequestHead) throws(APIError) {
        guard !hosts.allows(head.host), inner.router.pattern(for: head.target) != "/health/live" else { return }
        throw APIError(
            status: 421, type: "invalid_request_error",
            message: "This server does not answer for the 'Host' of this request; 'allowed-hosts' names those it does.",
            param: "Host", code: "host_not_allowed")
    }

    private func check(_ origin: String, of head: RequestHead) throws(APIError) {
        let hasEffect = ![.get, .head].contains(head.method)
        guard hasEffect, !origins.allows(origin) else { return }
        throw .forbidden(
            "Web pages of this 'Origin' may not use this server; 'cors-origins' names those that may.", "Origin",
            code: "origin_not_allowed")
    }
}
