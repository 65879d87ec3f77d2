/// On whose behalf a request comes. The machine is shared between tenants first, between the requests of one then.
package struct Tenant: Sendable, Hashable {
    /// Empty for those who have none: together they are one tenant.
    package let name: String
    /// How much of the machine it gets beside others; 1 is usual.
    package let weight: Double

    package init(name: String, weight: Double = 1) {
        precondition(weight > 0 && weight.isFinite, "a tenant has a share")
        self.name = name
        self.weight = weight
    }

    package static let nobody = Tenant(name: "")
}
