/// The text of `sotto bench --lookup`: 500 words of plain prose.
enum SpeculationText {
  /// Requests to answer, by name. Greedy answers of small models become repetitive, so prose is sampled.
  static let tasks: [(name: String, prompt: String, isGreedy: Bool)] = [
    ("repeat", "Repeat the following text word for word, and nothing else.\n\n\(text)", true),
    (
      "edit", "Write the following text again, but call the keeper Thomas instead of Martin.\n\n\(text)", true
    ),
    ("prose", "Write a long story about a baker who finds a map in an old flour sack.", false),
    ("explain", "Explain how rainbows form, and why the sky is blue at noon and red in the evening.", false),
  ]

  static let text = """
    Martin kept the lighthouse at the northern end of the island for thirty-one years. Every evening, an hour before \
    the sun went down, he climbed the one hundred and twelve steps to the lamp room, wiped the salt from the glass, \
    and filled the tank with oil. Then he sat on the iron bench outside, smoked his pipe, and watched the fishing boats \
    come home one after another. He knew each of them by the sound of its engine, and most of their crews by name.

    In his first winter a storm tore the roof from the store house and carried the small boat out to sea. For nine days \
    nobody could land, and Martin lived on potatoes, dried fish and rain water. He wrote about it in the log book, in \
    two short lines, as if it had been a matter of no importance. When the supply ship finally arrived, the captain \
    asked him whether he wanted to leave the island for good. Martin shook his head, carried the boxes up the hill, and \
    asked for a new roof.

    The lamp itself was older than the tower. It had been built in a workshop in Paris, and the lens was made of more \
    than four hundred pieces of polished glass. On clear nights its light could be seen from a distance of twenty-two \
    miles. The captains of large ships used it to find the narrow passage between the reef and the sand banks, and in \
    all those years only one vessel missed it. That was a small sailing boat, on a night of thick fog, and Martin rowed \
    out alone to bring its two passengers ashore. They stayed for a week, helped him to paint the railing, and sent him \
    a letter every Christmas from then on.

    When electricity came to the island, an engineer visited the tower with a box of tools and a roll of cable. He was \
    friendly, and he explained that a motor would turn the lens and that a clock would switch the lamp on and off. \
    Martin listened carefully. He asked what would happen if the motor broke, and the engineer said that a bell would \
    ring in the harbour office, and that somebody would come to repair it within two days. Two days, said Martin, are a \
    long time for a ship in a storm. The engineer had no answer to that, and he wrote the question down.

    In the end they agreed on a compromise. The motor was installed, and so was the clock, but the old oil tank stayed \
    where it was, filled and ready. Martin moved to a small house near the harbour, with a garden and a view of the sea. \
    Every evening, an hour before the sun went down, he walked to the end of the pier and waited for the light to \
    appear. Only twice did it fail. Both times he climbed the one hundred and twelve steps, wiped the salt from the \
    glass, and lit the lamp by hand, and on both nights every boat came home.
    """
}
