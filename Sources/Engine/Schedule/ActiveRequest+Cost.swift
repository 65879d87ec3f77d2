/// In tokens. The prompt is the first sample's.
extension ActiveRequest {
    private var promptCost: Int { id == group ? promptCount : 0 }

    /// What it was expected to cost.
    var cost: Int { promptCost + expectedOutput }

    /// What the samples before it were expected to cost.
    var costBefore: Int {
        id == group ? 0 : promptCount + expectedOutput * Int(clamping: id.number &- group.number)
    }

    /// What of that is still to come by the weight of its tenant; less than nothing when it generates more. A preempted
    /// prompt counts again: it is computed again.
    var unserved: Double {
        Double(max(0, promptCost - computed) + expectedOutput - outputCount) / tenant.weight
    }

    /// What it has cost: what of the prompt was computed, once, and what it generated.
    var served: Int {
        let prompt = outputCount > 0 ? promptCost : min(computed, promptCost)
        return max(0, prompt - cachedCount) + outputCount
    }
}
