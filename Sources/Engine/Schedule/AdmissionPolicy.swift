/// When a request gets its first blocks.
package enum AdmissionPolicy: String, Sendable, CaseIterable {
    /// As soon as all its tokens fit. Many run at once, and when they grow beyond the pool the newest is preempted.
    case optimistic
    /// When all that it may generate fits too. Nobody is ever preempted, and blocks stay empty for answers that end
    /// before their limit.
    case reservation
}
