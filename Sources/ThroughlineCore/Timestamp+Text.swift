extension Timestamp {
  /// The moment in UTC, to the millisecond: `2026-03-01T12:00:00.250Z`.
  public var utcText: String {
    let milliseconds = Int64((Double(nanoseconds) / 1e6).rounded())
    let (seconds, rest) = milliseconds.quotientAndRemainder(dividingBy: 1000)
    let (wholeSeconds, fraction) = rest < 0 ? (seconds - 1, rest + 1000) : (seconds, rest)
    let (day, second) = (
      Int64((Double(wholeSeconds) / 86400).rounded(.down)),
      (wholeSeconds % 86400 + 86400) % 86400
    )
    let (year, month, dayOfMonth) = Self.date(daysSince1970: day)
    func digits(_ value: Int64, _ count: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    return digits(year, 4) + "-" + digits(month, 2) + "-" + digits(dayOfMonth, 2) + "T"
      + digits(second / 3600, 2) + ":" + digits(second / 60 % 60, 2) + ":" + digits(second % 60, 2) + "."
      + digits(fraction, 3) + "Z"
  }

  /// The date in the Gregorian calendar (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2013): with a calendar
  /// of the system, the time of an event takes longer than the rest of its line.
  private static func date(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    // Years begin in March here, so that a leap day is a year's last one; 146,097 days are four centuries.
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let march = (5 * dayOfYear + 2) / 153
    let month = march < 10 ? march + 3 : march - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * march + 2) / 5 + 1)
  }
}
