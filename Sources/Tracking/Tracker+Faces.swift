import ThroughlineCore

extension Tracker {
  /// Binds faces to the persons they belong to, one to one: a face lies in the upper part of its person's box.
  mutating func bindFaces(_ faces: [Detection]) {
    guard !faces.isEmpty, !persons.isEmpty else { return }
    let choice = LinearAssignment.solve(rows: faces.count, columns: persons.count, unmatchedCost: 10) {
      Self.faceCost(faces[$0].box, of: persons[$1])
    }
    for (face, person) in choice.enumerated() {
      if let person { persons[person].face = faces[face] }
    }
  }

  /// How badly a face fits a person, in person widths; infinite where it cannot be that person's.
  private static func faceCost(_ face: BoundingBox, of person: Person) -> Double {
    let box = person.box
    guard person.state != .lost else { return .infinity }
    // A close-up may show little more than the head, so the upper part reaches down to 60 % of squat boxes.
    let isSquat = box.height < box.width * 1.6
    let lowest = box.minY + box.height * (isSquat ? 0.6 : 0.4)
    guard face.coverage(by: box) >= 0.6, face.centerY <= lowest, face.centerX >= box.minX,
      face.centerX <= box.maxX, face.height <= box.height * (isSquat ? 0.8 : 0.4)
    else { return .infinity }
    let sideways = abs(face.centerX - box.centerX) / box.width
    let down = abs(face.minY - box.minY) / box.height
    return sideways + 2 * down + (person.isObserved ? 0 : 0.5)
  }
}
