import Foundation

extension StreamReport {
  /// The figures as text.
  public var table: String {
    var lines = [
      "\(processor), \(cores) cores, load \(format(machineLoad, 1)); \(format(elapsed, 1)) s measured"
    ]
    lines += choices
    lines.append("")
    var rows = [
      [
        "camera", "in", "FPS in", "processed", "detected/s", "small", "unchanged", "out", "FPS out",
        "dropped",
        "withheld",
      ]
    ]
    for camera in cameras {
      rows.append([
        camera.name.rawValue, String(camera.framesIn), rate(camera.framesIn), String(camera.processed),
        rate(camera.detected), String(camera.detectedSmall), String(camera.unchanged),
        String(camera.framesOut), rate(camera.framesOut),
        String(camera.dropped), String(camera.withheld),
      ])
    }
    lines += Self.aligned(rows)
    lines.append("")
    if cameras.contains(where: { $0.recording != nil }) {
      rows = [["recording", "frames", "FPS", "dropped"]]
      for camera in cameras {
        guard let recording = camera.recording else { continue }
        rows.append([
          camera.name.rawValue, String(recording.frames), rate(recording.frames), String(recording.dropped),
        ])
      }
      lines += Self.aligned(rows)
      lines.append("")
    }
    rows = [["delay in ms from arrival", "p50", "p95", "p99", "most"]]
    for camera in cameras {
      for (place, delay) in [
        ("detection", camera.toDetection), ("identity event", camera.toEvent), ("output", camera.toOutput),
      ] {
        rows.append(
          ["\(camera.name) to \(place)"]
            + [delay.p50, delay.p95, delay.p99, delay.maximum].map { milliseconds($0) })
      }
    }
    lines += Self.aligned(rows)
    lines.append("")
    lines.append(RunFigures.table(of: networks, elapsed: elapsed))
    lines.append("")
    rows = [["processor time", "s", "cores", "share"]]
    for (stage, seconds) in stages.sorted(by: { $0.value > $1.value }) where seconds > 0.005 {
      rows.append([
        stage, format(seconds, 2), cores(seconds), format(seconds / processorTime * 100, 1) + " %",
      ])
    }
    rows.append(["all", format(processorTime, 2), cores(processorTime), "100.0 %"])
    rows.append([
      "floor: decoding alone, \(milliseconds(decodingPerFrame)) ms a frame", format(decodingFloor, 2),
      cores(decodingFloor), "",
    ])
    let runs = modelPerRun.sorted { $0.key < $1.key }.map { "\($0.key) \(milliseconds($0.value)) ms" }
    rows.append([
      "floor: models alone, \(runs.joined(separator: ", "))", format(modelFloor, 2), cores(modelFloor), "",
    ])
    if let encodingPerFrame {
      rows.append([
        "floor: encoding alone, \(milliseconds(encodingPerFrame)) ms a frame", format(encodingFloor, 2),
        cores(encodingFloor), "",
      ])
    }
    lines += Self.aligned(rows)
    lines.append("all / floors = \(format(ratio, 2))")
    let growth = memoryGrowth.map { ", growth after the first minute \(format($0 * 100, 1)) %" } ?? ""
    lines.append(
      "memory: peak \(peakMemory >> 20) MiB, final \(finalMemory >> 20) MiB\(growth); \(threads) threads, \(files) files"
    )
    lines.append(
      "at the end \(allocator.used >> 20) MiB in use by the program, \(allocator.kept >> 20) MiB freed and kept by the "
        + "allocator, \(fileMemory >> 20) MiB of files shown in memory")
    let steps = qualitySeconds.filter { $0.value > 0.1 }.sorted { $0.value > $1.value }.map {
      "\($0.key) \(format($0.value, 0)) s"
    }
    if !steps.isEmpty {
      lines.append("quality: \(steps.joined(separator: ", ")); fell \(qualityFalls) times")
    }
    lines += warnings.map { "warning: \($0)" }
    return lines.joined(separator: "\n")
  }

  private func rate(_ count: Int) -> String { format(Double(count) / max(0.001, elapsed), 1) }
  private func cores(_ seconds: Double) -> String { format(seconds / max(0.001, elapsed), 2) }
  private func milliseconds(_ seconds: Double) -> String { format(seconds * 1000, 1) }
  private func format(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
}

extension RunFigures {
  /// What networks did, as text, times in milliseconds.
  static func table(of networks: [Network], elapsed: Double) -> String {
    var rows = [
      [
        "network", "runs", "runs/s", "given up", "wait p50", "p95", "p99", "run p50", "p95", "p99",
        "batch p50", "most",
      ]
    ]
    for network in networks {
      let times = [
        network.waitP50, network.waitP95, network.waitP99, network.runP50, network.runP95, network.runP99,
      ]
      rows.append(
        [
          network.name, String(network.runs),
          String(format: "%.1f", Double(network.runs) / max(0.001, elapsed)), String(network.dropped),
        ]
          + times.map { String(format: "%.1f", $0 * 1000) }
          + [network.batchP50, network.batchMaximum].map { String(format: "%.0f", $0) })
    }
    return StreamReport.aligned(rows).joined(separator: "\n")
  }
}

extension StreamReport {
  /// Columns of one width, the first one to the left and the others to the right.
  static func aligned(_ rows: [[String]]) -> [String] {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + padding : padding + cell
      }.joined(separator: "  ")
    }
  }
}
