/// The steps that an answer has to pass, in their order.
package enum Stage: String, Sendable, CaseIterable {
    case generate, verify, judge, rules, dedup, select
}
