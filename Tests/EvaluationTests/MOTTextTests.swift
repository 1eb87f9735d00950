import Testing
import ThroughlineCore

@testable import Evaluation

@Suite struct MOTTextTests {
  @Test func readsCommasSpacesCommentsAndWindowsLineEnds() throws {
    let entries = try MOTText.parse(
      "# made by hand\r\n1,1,10,20,30.5,40,0.5,1,0.25\r\n\r\n 2  7 1 2 3 4\n3,2.0, 5 ,6,7,8,-1,-1,-1,-1\n",
      source: "hand")
    #expect(
      entries == [
        MOTEntry(
          frame: 1, id: 1, box: BoundingBox(x: 10, y: 20, width: 30.5, height: 40), score: 0.5, category: 1,
          visibility: 0.25),
        MOTEntry(frame: 2, id: 7, box: BoundingBox(x: 1, y: 2, width: 3, height: 4)),
        MOTEntry(
          frame: 3, id: 2, box: BoundingBox(x: 5, y: 6, width: 7, height: 8), score: -1, category: -1,
          visibility: -1),
      ])
  }

  @Test func writesWhatItReads() throws {
    let entries = [
      MOTEntry(frame: 1, id: 3, box: BoundingBox(x: 1.25, y: -2.5, width: 3, height: 4), score: 0.875),
      MOTEntry(frame: 9, id: 4, box: BoundingBox(x: 0, y: 0, width: 1, height: 1)),
    ]
    let text = MOTText.text(entries)
    #expect(text.hasPrefix("1,3,1.25,-2.50,3.00,4.00,0.8750,-1,-1,-1\n"))
    let again = try MOTText.parse(text, source: "again")
    #expect(again.map(\.box) == entries.map(\.box))
    #expect(again.map(\.score) == [0.875, 1])
  }

  @Test(arguments: [
    ("1,1,1,1,1", 1, "5 columns where at least 6 are needed"),
    ("1,1,1,1,1,1\n1,2,,1,1,1", 2, "the left is missing"),
    ("1,1,1,1,1,1\n\n2,1,1,x,1,1", 3, "'x' is no top"),
    ("0,1,1,1,1,1", 1, "frame 0 where frames count from 1"),
    ("1.5,1,1,1,1,1", 1, "frame 1.5 where frames count from 1"),
    ("1e30,1,1,1,1,1", 1, "frame 1e30 where frames count from 1"),
    ("1,a,1,1,1,1", 1, "'a' is no id"),
    ("1,1.5,1,1,1,1", 1, "'1.5' is no id; ids are whole numbers"),
    ("1,1,nan,1,1,1", 1, "'nan' is no left"),
    ("1,1,1,1,inf,1", 1, "'inf' is no width"),
    ("1,1,1,1,-1,1", 1, "a box of negative size"),
    ("1,1,1,1,1,1\n2,1,1,1,1,1\n1,1,5,5,5,5", 3, "id 1 is twice in frame 1"),
    ("1,1,1,1,1,1,high", 1, "'high' is no score"),
    ("\u{1}\u{2}binary", 1, "1 columns where at least 6 are needed"),
  ])
  func namesTheLine(text: String, line: Int, problem: String) {
    #expect(throws: MOTTextError(source: "gt.txt", line: line, problem: problem)) {
      try MOTText.parse(text, source: "gt.txt")
    }
  }

  @Test func detectionsMayRepeatTheirId() throws {
    #expect(try MOTText.parse("1,-1,1,1,1,1\n1,-1,2,2,2,2", source: "det", content: .detections).count == 2)
  }

  @Test func anErrorIsOneLine() {
    let error = MOTTextError(source: "gt.txt", line: 3, problem: "'x' is no top")
    #expect(error.description.hasPrefix("gt.txt, line 3: 'x' is no top; "))
    #expect(!error.description.contains("\n"))
  }
}
