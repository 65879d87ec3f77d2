package import HTTP
import OpenAI

/// The routes behind their guard. It stands before all of them, so a new one cannot be forgotten.
package struct GuardedRouter: Responder {
    let router: Router
    let access: AccessControl

    package func admit(_ head: RequestHead) async -> Response? {
        let pattern = router.pattern(for: head.target)
        do throws(APIError) {
            try access.admit(head, to: pattern)
        } catch {
            return Response(error, ErrorShape(of: pattern))
        }
        return await router.admit(head)
    }

    package func takesUpload(_ head: RequestHead) -> Bool { router.takesUpload(head) }

    package func respond(to request: Request) async -> Response { await router.respond(to: request) }
}
