import Dispatch

/// Where blocking file work is done: the threads that serve connections are as few as the cores, and one that waits for
/// a disk serves nobody.
enum DiskQueue {
    private static let queue = DispatchQueue(label: "drover.disk", attributes: .concurrent)

    /// Runs the work on a thread that may block.
    static func run<Value: Sendable>(
        _ work: @escaping @Sendable () throws(StateError) -> Value
    ) async throws(StateError) -> Value {
        let result: Result<Value, StateError> = await withCheckedContinuation { continuation in
            queue.async {
                do throws(StateError) {
                    continuation.resume(returning: .success(try work()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }
}
