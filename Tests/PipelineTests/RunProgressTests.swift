import Testing

@testable import Pipeline

@Suite struct RunProgressTests {
  @Test(
    "The share of a run is the mean of what its files tell",
    arguments: [
      ([(false, 0.5), (false, 1.0)], 0.75),
      ([(false, 0.5), (false, nil)], 0.5),
      ([(false, nil)], nil),
      ([(true, nil), (false, 0.5)], nil),
      ([], nil),
    ] as [([(Bool, Double?)], Double?)])
  func fraction(sources: [(Bool, Double?)], expected: Double?) {
    #expect(PipelineRun.fraction(of: sources.map { (isEndless: $0.0, share: $0.1) }) == expected)
  }
}
