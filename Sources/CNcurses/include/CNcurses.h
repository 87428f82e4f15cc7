// The interface to ncurses for Swift: a grid of cells with colours, the terminal modes, and signal handling that restores
// the terminal. No curses macro or type is part of it.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Attributes of a cell, to be combined.
enum {
  SCREEN_BOLD = 1,
  SCREEN_DIM = 2,
  SCREEN_ITALIC = 4,
  SCREEN_UNDERLINE = 8,
  SCREEN_REVERSE = 16,
};

/// The format of the colours for `screen_put`: a palette index, or 0xRRGGBB.
enum {
  SCREEN_COLORS_NONE = 0,
  SCREEN_COLORS_PALETTE = 1,
  SCREEN_COLORS_DIRECT = 2,
};

/// Starts curses on standard input and output in raw mode. `want_direct` requests 24-bit colour, which is used if
/// the terminal description can be extended for it. A type without a description is replaced by a related one that has one.
/// Returns 0, or -1 when there is none.
int screen_start(bool want_direct);
/// Restores the terminal. Safe to call twice.
void screen_stop(void);
/// Leaves the screen temporarily (to suspend or to run an editor); `screen_resume` returns and redraws all.
void screen_pause(void);
void screen_resume(void);
/// One of SCREEN_COLORS_*; `screen_color_count` is the size of the palette (8, 16, 256; 0 without colours).
int screen_color_mode(void);
int screen_color_count(void);
int screen_lines(void);
int screen_columns(void);
/// Resizes the grid to the size of the terminal; true when it changed.
bool screen_update_size(void);
/// Sets one cell: a spacing character and up to four combined ones. `foreground` and `background` are -1 for the
/// terminal's default. Positions outside of the grid are ignored.
void screen_put(int row, int column, const uint32_t *scalars, int count, int attributes, int foreground,
                int background);
/// Sets a run of cells of one look, up to the end of the row: printable ASCII characters, or blanks if `text` is NULL.
void screen_put_ascii(int row, int column, const uint8_t *text, int count, int attributes, int foreground,
                      int background);
void screen_cursor(int row, int column);
void screen_hide_cursor(void);
/// Sends the changes since the last call, inside a synchronized update to avoid flicker.
void screen_flush(void);
/// The next flush repaints every cell.
void screen_repaint(void);
/// The width of a character for the C library, and so for ncurses: -1, 0, 1 or 2.
int screen_libc_width(uint32_t scalar);
/// Writes bytes to the terminal, bypassing curses (mode switches, OSC sequences, a bell). Stops at the first error.
void screen_write_raw(const char *bytes, size_t count);
/// Selects a UTF-8 locale, independent of the environment if possible. False: ASCII only.
bool screen_utf8_locale(void);

/// Signals that `signals_take` reports.
enum {
  SIGNALS_RESIZED = 1,
  SIGNALS_SUSPEND = 2,
  SIGNALS_CONTINUED = 4,
  SIGNALS_QUIT = 8,
  SIGNALS_INTERRUPT = 16,
};

/// Routes SIGWINCH, SIGTSTP, SIGCONT, SIGHUP, SIGTERM, SIGQUIT and SIGINT to flags and one byte on `wake_descriptor`.
void signals_watch(int wake_descriptor);
/// Restores the previous signal handlers.
void signals_unwatch(void);
/// The signals since the last call, as SIGNALS_* bits.
int signals_take(void);
/// Stops this process group as Ctrl-Z does in a shell; returns after it is continued.
void signals_stop_self(void);
/// Installs handlers for crashes (SIGSEGV, SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGABRT) that first restore the terminal.
void signals_guard_crashes(void);
/// Gives the calling thread a stack for crash handlers, so that a stack overflow on it is handled too. Cheap after the
/// first call on a thread.
void signals_prepare_thread(void);
/// Makes a crash of another thread wait up to two seconds for `signals_release_crashes`; calls may nest.
void signals_hold_crashes(void);
void signals_release_crashes(void);

/// Lets the calling thread run sooner after it wakes, where the system offers that without privileges.
void scheduling_prefer_latency(void);
