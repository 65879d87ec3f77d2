/// (rows, columns) of a matrix; a vector is one row.
struct TensorShape: Equatable {
    let rows: Int
    let columns: Int
}
