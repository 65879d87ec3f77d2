/// The types of JSON Schema. An integer is a number, so a schema never lists both.
enum JSONType: String, CaseIterable {
    case object, array, string, number, integer, boolean, null

    static let allCases: [JSONType] = [.object, .array, .string, .number, .boolean, .null]
}
