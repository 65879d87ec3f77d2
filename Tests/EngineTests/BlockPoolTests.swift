import Engine
import Testing

struct BlockPoolTests {
    private func lease(_ count: Int, from pool: inout BlockPool) -> BlockTable {
        var table = BlockTable()
        while table.blocks.count < count, let block = pool.lease() { table.append(block) }
        return table
    }

    @Test func `hands out every block once and then none`() throws {
        var pool = BlockPool(blocks: 3)
        let table = lease(5, from: &pool)
        #expect(table.blocks.sorted() == [0, 1, 2])
        #expect(pool.freeCount == 0 && pool.heldCount == 3)
        try pool.checkIntegrity(tables: [table])
    }

    @Test func `takes blocks back and hands out the warmest first`() throws {
        var pool = BlockPool(blocks: 4)
        var first = lease(2, from: &pool)
        var second = lease(1, from: &pool)
        let warm = first.blocks[0]
        pool.release(&first, by: RequestOrder(id: RequestID(1)))
        #expect(first.blocks.isEmpty && pool.freeCount == 3)
        let next = pool.lease()
        #expect(next == warm)
        second.append(warm)
        try pool.checkIntegrity(tables: [second])
    }

    @Test func `finds a block that two tables hold and one counts`() throws {
        var pool = BlockPool(blocks: 2)
        let table = lease(1, from: &pool)
        #expect(throws: BlockPool.Violation.heldBy(2, counted: 1, block: table.blocks[0])) {
            try pool.checkIntegrity(tables: [table, table])
        }
    }

    @Test func `finds a block that nobody holds`() throws {
        var pool = BlockPool(blocks: 2)
        _ = pool.lease()
        #expect(throws: BlockPool.Violation.misplaced(0)) {
            try pool.checkIntegrity(tables: [])
        }
    }

    @Test func `finds a block in a table that was never leased`() {
        let pool = BlockPool(blocks: 2)
        var table = BlockTable()
        table.append(1)
        #expect(throws: BlockPool.Violation.misplaced(1)) { try pool.checkIntegrity(tables: [table]) }
    }
}
