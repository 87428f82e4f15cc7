// The grid: start and stop, cells, colours, flush. Colour pairs are allocated on first use (ncurses keeps and recycles
// them), so a cell costs one hash lookup. All functions run on the screen's thread, except the emergency restore.
#define _GNU_SOURCE 1
#define _DARWIN_C_SOURCE 1
#include "curses_headers.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "CNcurses.h"
#include "internal.h"

static SCREEN *screen = NULL;
static volatile int screen_is_up = 0;
static int color_mode = SCREEN_COLORS_NONE;
static int synchronized = 0;
static struct termios saved_modes;
static int have_saved_modes = 0;

// Enable and disable bracketed paste; the emergency sequence also resets all modes and leaves the alternate screen.
static const char enter_modes[] = "\033[?2004h";
static const char leave_modes[] = "\033[?2004l";
static const char emergency[] = "\033[?2026l\033[?2004l\033[?1006l\033[?1000l\033[?1007r\033[0m\033[?25h\033[?1049l\r\n";

void screen_write_raw(const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(STDOUT_FILENO, bytes, count);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    bytes += written;
    count -= (size_t)written;
  }
}

bool screen_utf8_locale(void) {
  setlocale(LC_ALL, "");
  setlocale(LC_NUMERIC, "C");
  static const char *const fallbacks[] = {NULL, "C.UTF-8", "en_US.UTF-8", "UTF-8"};
  for (size_t i = 0; i < sizeof fallbacks / sizeof *fallbacks; i++) {
    if (fallbacks[i] != NULL && setlocale(LC_CTYPE, fallbacks[i]) == NULL) continue;
    const char *codeset = nl_langinfo(CODESET);
    if (codeset != NULL && (strcmp(codeset, "UTF-8") == 0 || strcmp(codeset, "utf8") == 0)) return true;
  }
  return false;
}

int screen_libc_width(uint32_t scalar) { return wcwidth((wchar_t)scalar); }

// A description with 24-bit colour is passed to ncurses inline, through TERMINFO, during the start.
static SCREEN *start_direct(const char *type) {
  static char description[65536];
  int error = 0;
  if (setupterm((NCURSES_CONST char *)type, STDOUT_FILENO, &error) != OK) return NULL;
  int made = direct_color_description(type, description, sizeof description);
  del_curterm(cur_term);
  if (made != 0) return NULL;
  const char *environment = getenv("TERMINFO");
  char *earlier = environment == NULL ? NULL : strdup(environment);
  setenv("TERMINFO", description, 1);
  SCREEN *result = newterm((NCURSES_CONST char *)type, stdout, stdin);
  if (earlier != NULL) setenv("TERMINFO", earlier, 1);
  else unsetenv("TERMINFO");
  free(earlier);
  return result;
}

int screen_start(bool want_direct) {
  if (screen != NULL) return 0;
  have_saved_modes = tcgetattr(STDIN_FILENO, &saved_modes) == 0;
  int direct = 0;
  // Some versions of newterm exit on an unknown terminal type: it is checked first.
  const char *type = terminal_type();
  if (type == NULL) return -1;
  if (want_direct) {
    screen = start_direct(type);
    direct = screen != NULL;
  }
  if (screen == NULL) screen = newterm((NCURSES_CONST char *)type, stdout, stdin);
  if (screen == NULL) return -1;
  set_term(screen);
  raw();
  noecho();
  nonl();
  typeahead(-1);
  keypad(stdscr, FALSE);
  scrollok(stdscr, FALSE);
  leaveok(stdscr, FALSE);
  color_mode = SCREEN_COLORS_NONE;
  if (has_colors() && start_color() == OK) {
    use_default_colors();
    color_mode = direct ? SCREEN_COLORS_DIRECT : SCREEN_COLORS_PALETTE;
  }
  synchronized = strncmp(type, "linux", 5) != 0 && strncmp(type, "vt", 2) != 0;
  screen_is_up = 1;
  screen_update_size();
  // Curses enters the alternate screen with its first refresh.
  refresh();
  screen_write_raw(enter_modes, sizeof enter_modes - 1);
  return 0;
}

void screen_pause(void) {
  if (screen == NULL || isendwin()) return;
  screen_write_raw(leave_modes, sizeof leave_modes - 1);
  curs_set(1);
  endwin();
  screen_is_up = 0;
}

void screen_resume(void) {
  if (screen == NULL) return;
  screen_is_up = 1;
  clearok(curscr, TRUE);
  refresh();
  screen_write_raw(enter_modes, sizeof enter_modes - 1);
}

void screen_stop(void) {
  if (screen == NULL) return;
  screen_pause();
  delscreen(screen);
  screen = NULL;
  if (have_saved_modes) tcsetattr(STDIN_FILENO, TCSADRAIN, &saved_modes);
}

void screen_emergency_restore(void) {
  if (!screen_is_up) return;
  screen_is_up = 0;
  ssize_t ignored = write(STDOUT_FILENO, emergency, sizeof emergency - 1);
  (void)ignored;
  if (have_saved_modes) tcsetattr(STDIN_FILENO, TCSANOW, &saved_modes);
}

int screen_color_mode(void) { return color_mode; }
int screen_color_count(void) { return color_mode == SCREEN_COLORS_NONE ? 0 : COLORS; }
int screen_lines(void) { return LINES; }
int screen_columns(void) { return COLS; }

bool screen_update_size(void) {
  struct winsize size;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return false;
  if (size.ws_row == LINES && size.ws_col == COLS) return false;
  return resizeterm(size.ws_row, size.ws_col) == OK;
}

// The attributes and the colour pair of cells.
typedef struct {
  attr_t attribute;
  int pair;
} Look;

static Look look_of(int attributes, int foreground, int background) {
  Look look = {A_NORMAL, 0};
  if (attributes & SCREEN_BOLD) look.attribute |= A_BOLD;
  if (attributes & SCREEN_DIM) look.attribute |= A_DIM;
#ifdef A_ITALIC
  if (attributes & SCREEN_ITALIC) look.attribute |= A_ITALIC;
#endif
  if (attributes & SCREEN_UNDERLINE) look.attribute |= A_UNDERLINE;
  if (attributes & SCREEN_REVERSE) look.attribute |= A_REVERSE;
  if (color_mode != SCREEN_COLORS_NONE && (foreground >= 0 || background >= 0)) {
    look.pair = alloc_pair(foreground, background);
    if (look.pair < 0) look.pair = 0;
  }
  return look;
}

static bool make_cell(cchar_t *cell, uint32_t scalar, Look look) {
  wchar_t first[2] = {(wchar_t)scalar, 0};
  memset(cell, 0, sizeof *cell);
  return setcchar(cell, first, look.attribute, (short)0, &look.pair) == OK;
}

void screen_put(int row, int column, const uint32_t *scalars, int count, int attributes, int foreground,
                int background) {
  if (row < 0 || row >= LINES || column < 0 || column >= COLS || count <= 0) return;
  // setcchar stops at a second spacing character, but joined emoji consist of several: the other characters are stored
  // directly.
  cchar_t cell;
  if (!make_cell(&cell, scalars[0], look_of(attributes, foreground, background))) return;
  for (int i = 1; i < count && i < CCHARW_MAX; i++) cell.chars[i] = (wchar_t)scalars[i];
  mvadd_wch(row, column, &cell);
}

void screen_put_ascii(int row, int column, const uint8_t *text, int count, int attributes, int foreground,
                      int background) {
  if (row < 0 || row >= LINES || column < 0 || column >= COLS || count <= 0) return;
  if (count > COLS - column) count = COLS - column;
  cchar_t cells[128];
  // The cells of a run differ in their character only.
  if (!make_cell(&cells[0], ' ', look_of(attributes, foreground, background))) return;
  for (int i = 1; i < 128 && i < count; i++) cells[i] = cells[0];
  while (count > 0) {
    const int part = count < 128 ? count : 128;
    for (int i = 0; i < part; i++) cells[i].chars[0] = text == NULL ? L' ' : (wchar_t)text[i];
    mvadd_wchnstr(row, column, cells, part);
    if (text != NULL) text += part;
    column += part;
    count -= part;
  }
}

void screen_cursor(int row, int column) {
  curs_set(1);
  move(row < LINES ? row : LINES - 1, column < COLS ? column : COLS - 1);
}

void screen_hide_cursor(void) { curs_set(0); }

void screen_flush(void) {
  if (synchronized) screen_write_raw("\033[?2026h", 8);
  refresh();
  if (synchronized) screen_write_raw("\033[?2026l", 8);
}

void screen_repaint(void) { clearok(curscr, TRUE); }
