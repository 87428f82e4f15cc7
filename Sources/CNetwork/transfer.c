#include "CNetwork.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The part of libcurl's interface that is used. Its numbers are stable: https://curl.se/libcurl/c/ABI.html
enum {
  option_write_data = 10001, option_url = 10002, option_error_buffer = 10010,
  option_write_function = 20011, option_low_speed_limit = 19, option_low_speed_time = 20,
  option_http_header = 10023, option_header_data = 10029, option_no_progress = 43, option_follow_location = 52,
  option_transfer_info_data = 10057, option_max_redirects = 68, option_connect_timeout = 78,
  option_header_function = 20079, option_range = 10007, option_no_signal = 99, option_user_agent = 10018,
  option_protocols = 181, option_redirect_protocols = 182, option_transfer_info_function = 20219,
  option_suppress_connect_headers = 265,
};
enum { info_response_code = 0x200000 + 2 };
enum { protocol_http = 1, protocol_https = 2, global_default = 3 };

typedef int (*setopt_function)(void *, int, ...);
typedef int (*getinfo_function)(void *, int, ...);

static struct {
  int (*global_init)(long);
  void *(*init)(void);
  void (*cleanup)(void *);
  void (*reset)(void *);
  setopt_function setopt;
  getinfo_function getinfo;
  int (*perform)(void *);
  const char *(*text)(int);
  void *(*append)(void *, const char *);
  void (*free_list)(void *);
  bool loaded;
} curl;

struct sotto_http {
  void *easy;
};

static void load(void) {
  static const char *const names[] = {
    "libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.4.dylib", "/usr/lib/libcurl.4.dylib"};
  void *library = NULL;
  for (size_t i = 0; i < sizeof names / sizeof *names && library == NULL; i++) {
    library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  }
  if (library == NULL) return;
  *(void **)&curl.global_init = dlsym(library, "curl_global_init");
  *(void **)&curl.init = dlsym(library, "curl_easy_init");
  *(void **)&curl.cleanup = dlsym(library, "curl_easy_cleanup");
  *(void **)&curl.reset = dlsym(library, "curl_easy_reset");
  *(void **)&curl.setopt = dlsym(library, "curl_easy_setopt");
  *(void **)&curl.getinfo = dlsym(library, "curl_easy_getinfo");
  *(void **)&curl.perform = dlsym(library, "curl_easy_perform");
  *(void **)&curl.text = dlsym(library, "curl_easy_strerror");
  *(void **)&curl.append = dlsym(library, "curl_slist_append");
  *(void **)&curl.free_list = dlsym(library, "curl_slist_free_all");
  curl.loaded = curl.global_init && curl.init && curl.cleanup && curl.reset && curl.setopt && curl.getinfo
    && curl.perform && curl.text && curl.append && curl.free_list && curl.global_init(global_default) == 0;
}

sotto_http *sotto_http_open(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load);
  if (!curl.loaded) return NULL;
  sotto_http *session = malloc(sizeof *session);
  if (session == NULL) return NULL;
  session->easy = curl.init();
  if (session->easy == NULL) {
    free(session);
    return NULL;
  }
  return session;
}

void sotto_http_close(sotto_http *session) {
  if (session == NULL) return;
  curl.cleanup(session->easy);
  free(session);
}

typedef struct {
  const sotto_http_request *request;
  bool ended;
} transfer;

static size_t on_body(char *bytes, size_t size, size_t count, void *context) {
  transfer *transfer = context;
  if (transfer->request->body(transfer->request->context, (const uint8_t *)bytes, size * count)) return size * count;
  transfer->ended = true;
  return size * count == 0 ? 1 : 0;
}

static size_t on_header(char *line, size_t size, size_t count, void *context) {
  transfer *transfer = context;
  size_t length = size * count;
  while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r')) length--;
  transfer->request->header(transfer->request->context, line, length);
  return size * count;
}

static int on_progress(void *context, int64_t total, int64_t now, int64_t upload_total, int64_t upload_now) {
  (void)total, (void)now, (void)upload_total, (void)upload_now;
  transfer *transfer = context;
  if (!transfer->request->cancelled(transfer->request->context)) return 0;
  transfer->ended = true;
  return 1;
}

// libcurl's error codes after which another try may succeed: resolving and connecting (a lost network), a partial body,
// time-outs, errors of sending and receiving, an empty answer, TLS handshakes and HTTP/2 streams that broke.
static bool is_interruption(int code) {
  static const int codes[] = {5, 6, 7, 16, 18, 28, 35, 52, 55, 56, 92};
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
    if (codes[i] == code) return true;
  }
  return false;
}

sotto_http_outcome sotto_http_get(
  sotto_http *session, const sotto_http_request *request, long *status, char *message) {
  *status = 0;
  message[0] = 0;
  void *easy = session->easy;
  transfer transfer = {request, false};
  void *headers = NULL;
  for (size_t i = 0; i < request->header_count; i++) headers = curl.append(headers, request->headers[i]);
  if (request->authorization != NULL) {
    // libcurl sends a custom header of this name only to the host of the URL, not to those of redirects.
    size_t size = strlen(request->authorization) + 32;
    char *line = malloc(size);
    if (line == NULL) abort();
    snprintf(line, size, "Authorization: %s", request->authorization);
    headers = curl.append(headers, line);
    free(line);
  }
  bool is_secure = strncmp(request->url, "https:", 6) == 0;
  curl.reset(easy);
  curl.setopt(easy, option_url, request->url);
  curl.setopt(easy, option_error_buffer, message);
  curl.setopt(easy, option_no_signal, 1L);
  curl.setopt(easy, option_http_header, headers);
  curl.setopt(easy, option_user_agent, "sotto");
  curl.setopt(easy, option_follow_location, 1L);
  curl.setopt(easy, option_max_redirects, 10L);
  curl.setopt(easy, option_protocols, (long)(protocol_http | protocol_https));
  // A redirect may not leave encryption.
  curl.setopt(easy, option_redirect_protocols, (long)(is_secure ? protocol_https : protocol_http | protocol_https));
  curl.setopt(easy, option_suppress_connect_headers, 1L);
  curl.setopt(easy, option_connect_timeout, request->stall_seconds);
  curl.setopt(easy, option_low_speed_limit, 1L);
  curl.setopt(easy, option_low_speed_time, request->stall_seconds);
  if (request->range != NULL) curl.setopt(easy, option_range, request->range);
  curl.setopt(easy, option_write_function, on_body);
  curl.setopt(easy, option_write_data, &transfer);
  curl.setopt(easy, option_header_function, on_header);
  curl.setopt(easy, option_header_data, &transfer);
  curl.setopt(easy, option_no_progress, 0L);
  curl.setopt(easy, option_transfer_info_function, on_progress);
  curl.setopt(easy, option_transfer_info_data, &transfer);
  int code = curl.perform(easy);
  curl.getinfo(easy, info_response_code, status);
  curl.free_list(headers);
  // The buffer belongs to the caller.
  curl.setopt(easy, option_error_buffer, NULL);
  if (code == 0) return sotto_http_ok;
  if (message[0] == 0) snprintf(message, 256, "%s", curl.text(code));
  if (transfer.ended) return sotto_http_ended;
  return is_interruption(code) ? sotto_http_interrupted : sotto_http_failed;
}
