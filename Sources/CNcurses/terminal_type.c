// The description of the terminal. Terminals that are newer than the machine's terminfo database, as over ssh, announce
// names that it does not have.
#include "curses_headers.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

static int is_known(const char *type) {
  int error = 0;
  if (setupterm((NCURSES_CONST char *)type, STDOUT_FILENO, &error) != OK) return 0;
  del_curterm(cur_term);
  return 1;
}

const char *terminal_type(void) {
  // What a name begins with, and a description that terminals of such names understand.
  static const char *const related[][2] = {
      {"xterm", "xterm-256color"},     {"kitty", "xterm-256color"},   {"alacritty", "xterm-256color"},
      {"foot", "xterm-256color"},      {"wezterm", "xterm-256color"}, {"ghostty", "xterm-256color"},
      {"contour", "xterm-256color"},   {"rio", "xterm-256color"},     {"tmux", "screen-256color"},
      {"screen.", "screen-256color"}};
  const char *type = getenv("TERM");
  if (type == NULL || *type == 0) return NULL;
  if (is_known(type)) return type;
  for (size_t i = 0; i < sizeof related / sizeof *related; i++)
    if (strncmp(type, related[i][0], strlen(related[i][0])) == 0 && is_known(related[i][1])) return related[i][1];
  return NULL;
}
