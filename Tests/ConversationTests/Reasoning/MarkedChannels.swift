import Conversation

/// The pieces of a parser as one text, with a mark where another channel begins.
func marked(_ pieces: [(channel: Channel, text: String)]) -> String {
  var result = ""
  var last: Channel?
  for piece in pieces {
    if piece.channel != last { result += piece.channel == .reasoning ? "|r:" : "|a:" }
    result += piece.text
    last = piece.channel
  }
  return result
}
