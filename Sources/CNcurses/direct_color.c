// Most terminals support 24-bit colour, but few terminfo descriptions declare it, and ncurses relies on them. So the
// current description is written again in the compiled format of term(5) (32-bit numbers) with the number of colours,
// the two strings that set a colour, and the extended flag "RGB", with which ncurses treats a colour as 0xRRGGBB.
#include "curses_headers.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

// Colours 0 to 7 are palette colours; all others are split into red, green and blue.
#define DIRECT(kind, plain)                                                          \
  "\033[%?%p1%{8}%<%t" plain "%p1%d%e" kind                                          \
  ";2;%p1%{65536}%/%d;%p1%{256}%/%{255}%&%d;%p1%{255}%&%d%;m"

enum { MAX_NUMBERS = 64, MAX_STRINGS = 512, MAX_BYTES = 24000, MAGIC_32_BIT = 01036 };

typedef struct {
  unsigned char bytes[MAX_BYTES];
  size_t count;
  int failed;
} Output;

static void put(Output *out, const void *bytes, size_t count) {
  if (out->failed || count > sizeof out->bytes - out->count) {
    out->failed = 1;
    return;
  }
  memcpy(out->bytes + out->count, bytes, count);
  out->count += count;
}

static void put16(Output *out, int value) {
  unsigned char bytes[2] = {(unsigned char)(value & 255), (unsigned char)((value >> 8) & 255)};
  put(out, bytes, 2);
}

static void put32(Output *out, int value) {
  put16(out, value & 0xffff);
  put16(out, (int)(((uint32_t)value) >> 16));
}

static void put_flag(Output *out, int value) {
  unsigned char byte = value > 0 ? 1 : 0;
  put(out, &byte, 1);
}

static void align(Output *out) {
  if (out->count % 2 != 0) put(out, "", 1);
}

static const char *string_for(const char *name) {
  if (strcmp(name, "setaf") == 0) return DIRECT("38", "3");
  if (strcmp(name, "setab") == 0) return DIRECT("48", "4");
  // Descriptions with a palette of 8 also have these; they would override the ones above or change the palette.
  static const char *const dropped[] = {"initc", "initp", "scp", "setf", "setb", "oc", "op"};
  for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++) {
    if (strcmp(name, dropped[i]) == 0) return strcmp(name, "op") == 0 ? "\033[39;49m" : NULL;
  }
  const char *value = tigetstr(name);
  return value == (char *)-1 ? NULL : value;
}

int direct_color_description(const char *type, char *buffer, size_t capacity) {
  if (tigetnum("colors") < 8) return -1;
  static Output out, table;
  memset(&out, 0, sizeof out);
  memset(&table, 0, sizeof table);
  int flags = 0, numbers = 0, strings = 0;
  while (boolnames[flags] != NULL) flags++;
  while (numnames[numbers] != NULL && numbers < MAX_NUMBERS) numbers++;
  while (strnames[strings] != NULL && strings < MAX_STRINGS) strings++;
  char names[128] = "";
  if (strlen(type) + 20 > sizeof names) return -1;
  strcat(strcpy(names, type), "|with direct color");

  static int offsets[MAX_STRINGS];
  for (int i = 0; i < strings; i++) {
    const char *value = string_for(strnames[i]);
    offsets[i] = value == NULL ? -1 : (int)table.count;
    if (value != NULL) put(&table, value, strlen(value) + 1);
  }
  put16(&out, MAGIC_32_BIT);
  put16(&out, (int)strlen(names) + 1);
  put16(&out, flags);
  put16(&out, numbers);
  put16(&out, strings);
  put16(&out, (int)table.count);
  put(&out, names, strlen(names) + 1);
  for (int i = 0; i < flags; i++) {
    put_flag(&out, strcmp(boolnames[i], "ccc") == 0 ? 0 : tigetflag((NCURSES_CONST char *)boolnames[i]));
  }
  align(&out);
  for (int i = 0; i < numbers; i++) {
    int value = tigetnum((NCURSES_CONST char *)numnames[i]);
    if (strcmp(numnames[i], "colors") == 0) value = 0x1000000;
    if (strcmp(numnames[i], "pairs") == 0) value = 0x10000;
    put32(&out, value < 0 ? -1 : value);
  }
  for (int i = 0; i < strings; i++) put16(&out, offsets[i]);
  put(&out, table.bytes, table.count);
  align(&out);
  // The extended part: one flag, no numbers, no strings, and the name of the flag.
  put16(&out, 1);
  put16(&out, 0);
  put16(&out, 0);
  put16(&out, 1);
  put16(&out, 4);
  put_flag(&out, 1);
  align(&out);
  put16(&out, 0);
  put(&out, "RGB", 4);

  if (out.failed || table.failed || capacity < 5 + 2 * out.count) return -1;
  static const char digits[] = "0123456789ABCDEF";
  memcpy(buffer, "hex:", 4);
  for (size_t i = 0; i < out.count; i++) {
    buffer[4 + 2 * i] = digits[out.bytes[i] >> 4];
    buffer[5 + 2 * i] = digits[out.bytes[i] & 15];
  }
  buffer[4 + 2 * out.count] = 0;
  return 0;
}
