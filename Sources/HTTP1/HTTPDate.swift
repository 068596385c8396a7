// Dates as HTTP writes them, from seconds that the caller has read off a clock.

/// The date format of HTTP.
public enum HTTPDate {
  /// The last second of the year 9999, the last one that the format can tell.
  private static let secondsMax = 253_402_300_799

  private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7) for seconds since 1970-01-01T00:00:00Z;
  /// seconds beyond the years 1970–9999 are taken as the nearest in them.
  public static func format(unixSeconds: Int) -> String {
    let seconds = min(max(unixSeconds, 0), secondsMax)
    let days = seconds / 86_400
    let time = seconds % 86_400
    let (year, month, day) = civil(days)
    let clock = "\(padded(time / 3600)):\(padded(time / 60 % 60)):\(padded(time % 60))"
    return "\(weekdays[days % 7]), \(padded(day)) \(months[month - 1]) \(year) \(clock) GMT"
  }

  /// Year, month 1–12 and day 1–31 for days since 1970-01-01. Counts in eras of 400 years that
  /// begin on March 1st, so that the leap day is the last of its year.
  private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day)
  }

  private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
