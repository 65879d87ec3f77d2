import CKernels
import Model
import Testing

struct KernelTableTests {
    @Test func `lists the reference table last`() {
        #expect(KernelTable.supported.last?.name == "reference")
    }

    @Test func `refuses a name that this CPU does not run and lists those it runs`() {
        #expect(throws: RuntimeError.unknownKernels(name: "abacus", supported: KernelTable.supported.map(\.name))) {
            try KernelTable.named("abacus")
        }
    }
}
