/// Bodies in chunks.
extension RequestRow {
    static let chunks: [RequestRow] =
        ["0x1", "+1", "-1", "1_0", "", "1Z", "00000000000000001", " 1", "1 ", "1 ;a"].map {
            .chunked("H15", "\($0)\r\na\r\n0\r\n\r\n", "400")
        } + [
            .chunked("H16", "2000001\r\n", "413"),
            .chunked("H16", "FFFFFFFFFFFFFFFF\r\n", "413"),
            .chunked("H16", "1\r\na\r\n2000000\r\n", "413"),
            .chunked("H17", "1\na\r\n0\r\n\r\n", "400"),
            .chunked("H17", "1\rXa\r\n0\r\n\r\n", "400"),
            .chunked("H17", "1;a\nb\r\na\r\n0\r\n\r\n", "400"),
            .chunked("H17", "1\r\naX\r\n0\r\n\r\n", "400"),
            .chunked("H17", "1\r\na\n0\r\n\r\n", "400"),
            .chunked("H17", "4\r\nSEE-THIS\r\n0\r\n\r\n", "400"),
            .chunked("H18", "1;a;b=c;d=\"e;\\\"f\"\r\na\r\n0;last\r\n\r\n", "POST /a a"),
            .chunked("H18", "1;a=\"b\r\na\r\n0\r\n\r\n", "400"),
            .chunked("H18", "1;\r\na\r\n0\r\n\r\n", "400"),
            .chunked("H19", "1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n", "POST /a a"),
            .chunked("H19", "1\r\na\r\n0\r\nContent-Length: 9\r\nHost: evil\r\n\r\n", "POST /a a"),
            .chunked("H19", "1\r\na\r\n0\r\nX Sum: 1\r\n\r\n", "400"),
            .chunked("ok", "0\r\n\r\n", "POST /a"),
            .chunked("ok", "A\r\n0123456789\r\n1\r\na\r\n0\r\n\r\n", "POST /a 0123456789a"),
        ]
}
