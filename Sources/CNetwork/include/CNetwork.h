#ifndef SOTTO_CNETWORK_H
#define SOTTO_CNETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// HTTP transfers by the system's libcurl, which is opened at the first transfer. Linking it, directly or through
// URLSession, would load 30 libraries at every start of the program.

typedef struct sotto_http sotto_http;

typedef struct {
  const char *url;
  // Lines such as "Accept: */*". Authorization is separate: it is not sent to another host after a redirect.
  const char *const *headers;
  size_t header_count;
  // The value of Authorization; NULL for none.
  const char *authorization;
  // The value of Range without "bytes="; NULL for the whole body.
  const char *range;
  // A transfer with no data for this many seconds fails.
  long stall_seconds;
  void *context;
  // Each header line of each response, without its end.
  void (*header)(void *context, const char *line, size_t count);
  // Bytes of the final body. Returns false to end the transfer.
  bool (*body)(void *context, const uint8_t *bytes, size_t count);
  // Called often; true ends the transfer.
  bool (*cancelled)(void *context);
} sotto_http_request;

typedef enum {
  sotto_http_ok,
  // body or cancelled ended the transfer.
  sotto_http_ended,
  // The connection failed, stalled or ended early: another try may succeed.
  sotto_http_interrupted,
  // The host or the URL cannot be used.
  sotto_http_failed,
  // There is no libcurl.
  sotto_http_unavailable
} sotto_http_outcome;

// Null if there is no libcurl. One thread may use a session at a time; connections are reused.
sotto_http *sotto_http_open(void);
void sotto_http_close(sotto_http *session);

// Performs a GET request and follows redirects. `status` is that of the last response, 0 without one; `message` (256
// bytes) explains a failure.
sotto_http_outcome sotto_http_get(
  sotto_http *session, const sotto_http_request *request, long *status, char *message);

// SHA-256 (FIPS 180-4), for the checksums of large files on a hub.
typedef struct {
  uint32_t state[8];
  uint64_t length;
  uint8_t block[64];
} sotto_sha256;

void sotto_sha256_start(sotto_sha256 *sum);
void sotto_sha256_add(sotto_sha256 *sum, const void *bytes, size_t count);
void sotto_sha256_finish(sotto_sha256 *sum, uint8_t digest[32]);

// SHA-1 (FIPS 180-4), for git's names of small files.
typedef struct {
  uint32_t state[5];
  uint64_t length;
  uint8_t block[64];
} sotto_sha1;

void sotto_sha1_start(sotto_sha1 *sum);
void sotto_sha1_add(sotto_sha1 *sum, const void *bytes, size_t count);
void sotto_sha1_finish(sotto_sha1 *sum, uint8_t digest[20]);

#endif
