#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A local date and time, for templates that print today's date.
public struct LocalTime: Sendable, Equatable {
  /// The year, as in 2026.
  public let year: Int
  /// The month, from 1.
  public let month: Int
  /// The day of the month, from 1.
  public let day: Int
  /// The hour, from 0 to 23.
  public let hour: Int
  /// The minute.
  public let minute: Int
  /// The second.
  public let second: Int

  /// A date and time; values out of range are clamped.
  public init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
    self.year = min(max(year, 1), 9999)
    self.month = min(max(month, 1), 12)
    self.day = min(max(day, 1), 31)
    self.hour = min(max(hour, 0), 23)
    self.minute = min(max(minute, 0), 59)
    self.second = min(max(second, 0), 59)
  }

  /// Parses a date such as 2026-11-22; nil for anything else.
  public init?(date text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].utf8.count == 4, parts[1].utf8.count == 2, parts[2].utf8.count == 2,
      let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2]),
      (1...9999).contains(year), (1...12).contains(month), (1...31).contains(day)
    else { return nil }
    self.init(year: year, month: month, day: day)
  }

  /// The current time in the system's time zone.
  public static var now: LocalTime {
    var moment = time(nil)
    var parts = tm()
    localtime_r(&moment, &parts)
    return LocalTime(
      year: Int(parts.tm_year) + 1900, month: Int(parts.tm_mon) + 1, day: Int(parts.tm_mday),
      hour: Int(parts.tm_hour), minute: Int(parts.tm_min), second: Int(parts.tm_sec))
  }

  /// The day of the year, from 1.
  var dayOfYear: Int {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
    return before[month - 1] + day + (isLeap && month > 2 ? 1 : 0)
  }

  /// The day of the week, Sunday being 0.
  var weekday: Int {
    let past = year - 1
    return (past * 365 + past / 4 - past / 100 + past / 400 + dayOfYear) % 7
  }
}

extension LocalTime {
  private static let weekdays = [
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
  ]
  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
  ]

  /// C's `strftime` in the C locale, with glibc's flags `-` (no padding), `_` (spaces) and `^` (upper case).
  /// Unknown conversions are copied; time zones are empty, as for Python's `datetime.now()`.
  public func formatted(_ format: String) -> String {
    var result = ""
    var rest = format.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      guard scalar == "%" else {
        result.unicodeScalars.append(scalar)
        continue
      }
      var flags: [Unicode.Scalar] = []
      while let flag = rest.first, flag == "-" || flag == "_" || flag == "^" || flag == "0" {
        flags.append(flag)
        rest.removeFirst()
      }
      guard let code = rest.popFirst() else {
        result += "%" + flags.map(String.init).joined()
        break
      }
      result += field(code, flags) ?? "%" + flags.map(String.init).joined() + String(code)
    }
    return result
  }

  private func field(_ code: Unicode.Scalar, _ flags: [Unicode.Scalar]) -> String? {
    func number(_ value: Int, _ width: Int = 2, _ padding: Character = "0") -> String {
      let padding = flags.contains("_") ? " " : flags.contains("0") ? "0" : padding
      let digits = String(value)
      if flags.contains("-") { return digits }
      return String(repeating: padding, count: max(0, width - digits.count)) + digits
    }
    func name(_ name: some StringProtocol) -> String {
      flags.contains("^") ? name.uppercased() : String(name)
    }
    let hour12 = hour % 12 == 0 ? 12 : hour % 12
    switch code {
    case "Y": return String(year)
    case "C": return number(year / 100)
    case "y": return number(year % 100)
    case "m": return number(month)
    case "d": return number(day)
    case "e": return number(day, 2, " ")
    case "H": return number(hour)
    case "k": return number(hour, 2, " ")
    case "I": return number(hour12)
    case "l": return number(hour12, 2, " ")
    case "M": return number(minute)
    case "S": return number(second)
    case "f": return "000000"
    case "j": return number(dayOfYear, 3)
    case "u": return String(weekday == 0 ? 7 : weekday)
    case "w": return String(weekday)
    case "U": return number((dayOfYear + 6 - weekday) / 7)
    case "W": return number((dayOfYear + 6 - (weekday + 6) % 7) / 7)
    case "A": return name(Self.weekdays[weekday])
    case "a": return name(Self.weekdays[weekday].prefix(3))
    case "B": return name(Self.months[month - 1])
    case "b", "h": return name(Self.months[month - 1].prefix(3))
    case "p": return hour < 12 ? "AM" : "PM"
    case "P": return hour < 12 ? "am" : "pm"
    case "D", "x": return formatted("%m/%d/%y")
    case "F": return formatted("%Y-%m-%d")
    case "T", "X": return formatted("%H:%M:%S")
    case "R": return formatted("%H:%M")
    case "r": return formatted("%I:%M:%S %p")
    case "c": return formatted("%a %b %e %H:%M:%S %Y")
    case "n": return "\n"
    case "t": return "\t"
    case "z", "Z": return ""
    case "%": return "%"
    default: return nil
    }
  }
}
