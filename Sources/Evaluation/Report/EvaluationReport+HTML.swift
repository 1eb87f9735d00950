import Foundation

extension EvaluationReport {
  /// The report as one page that needs nothing else: a bar for each method's IDF1, and the table.
  public func html() -> String {
    let bars = rows.map { row in
      """
      <div class="row"><span class="name">\(Self.escaped(row.method))<small>\(Self.escaped(row.sequence))</small></span>
      <span class="bar"><i style="width:\(Self.percent(row.idf1))%"></i></span>
      <b>\(Self.percent(row.idf1))</b></div>
      """
    }.joined(separator: "\n")
    let head = [
      "method", "sequence", "HOTA", "DetA", "AssA", "IDF1", "IDP", "IDR", "MOTA", "switches", "fragments",
      "persons", "identities", "shared in one frame",
    ].map { "<th>\($0)</th>" }.joined()
    let body = rows.map { row in
      let shares = [row.hota, row.detA, row.assA, row.idf1, row.idp, row.idr, row.mota].map(Self.percent)
      let counts = [row.identitySwitches, row.fragmentations, row.persons, row.identities, row.sharedInFrame]
        .map(String.init)
      let cells = (shares + counts).map { "<td>\($0)</td>" }.joined()
      return
        "<tr><td>\(Self.escaped(row.method))</td><td>\(Self.escaped(row.sequence))</td>\(cells)</tr>"
    }.joined(separator: "\n")
    return """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8"><title>\(Self.escaped(title))</title>
      <style>
      body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem;
        color: #1b1f24; background: #fff; }
      h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin-top: 2rem; }
      .row { display: flex; align-items: center; gap: .8rem; margin: .25rem 0; }
      .name { width: 19rem; text-align: right; } .name small { color: #6b7280; margin-left: .5rem; }
      .bar { flex: 1; background: #eef1f4; height: 1.1rem; border-radius: 3px; }
      .bar i { display: block; height: 100%; background: #2f6fb3; border-radius: 3px; }
      .row b { width: 3.5rem; font-variant-numeric: tabular-nums; }
      .table { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
      th, td { padding: .3rem .6rem; text-align: right; border-bottom: 1px solid #e2e6ea; white-space: nowrap; }
      th:first-child, td:first-child, th:nth-child(2), td:nth-child(2) { text-align: left; }
      @media (prefers-color-scheme: dark) {
        body { color: #e6e8eb; background: #15181c; } .bar { background: #2a2f36; }
        th, td { border-color: #333941; }
      }
      </style></head><body>
      <h1>\(Self.escaped(title))</h1>
      <p>A match is \(Self.escaped(rule.summary)). Shares are in percent.</p>
      <h2>IDF1: how much of everybody's time has the right identity</h2>
      \(bars)
      <h2>All figures</h2>
      <div class="table"><table><thead><tr>\(head)</tr></thead><tbody>
      \(body)
      </tbody></table></div>
      </body></html>

      """
  }

  private static func percent(_ share: Double) -> String { String(format: "%.1f", share * 100) }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }
}

extension MatchingRule {
  /// The rule in words.
  public var summary: String {
    "a similarity of at least \(threshold)"
      + (footPointTolerance.map { ", or feet within \($0) of the height" } ?? "")
      + (ignoreTallerThan.map { "; persons taller than \(Int($0.rounded())) px left out" } ?? "")
  }
}
