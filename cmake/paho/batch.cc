// What stands between Paho C and OpenSSL, see ../paho.cmake: Paho's object files call paho_SSL_read
// and its like instead of OpenSSL's.
//
// By itself Paho asks the kernel twice and reads twice for each TLS record, and writes each PUBACK
// alone: five calls per message. After batch_paho() one read fetches what has arrived, and the
// PUBACKs of messages that were read together leave together: at the latest when kBatch are held or
// before Paho waits for anything, and always before whatever else Paho sends. So none waits for
// time to pass while the kernel takes them, and none is held of a message that Paho would not have
// acknowledged by then. Paho counts a held PUBACK as sent: if the broker takes none, its next ping
// fails and it gives up, after one keepalive interval. Without batch_paho() reads and writes pass
// straight through.
//
// While much comes (base/pace.h, counted in PUBACKs) Paho's receive thread, one for all
// connections, asks the kernel for more at most once in Pace::kRest: a wake-up, and a PUBACK alone
// in its record, cost more than moving a message, here and at the broker. It never rests longer
// than that, nor with a lock, with anything that Paho could read, or with a PUBACK that the kernel
// would take. The answers to what we publish are read that much later then, and pings, blocked
// writes and a stop wait as long; what we publish leaves by another thread. While little comes it
// never rests.
//
// While hold_paho() is in force nothing is read of any connection; Paho writes on, and its pings go
// unanswered.
//
// Whoever uses it: after a second in which nothing came Paho would sleep for a tenth of one, deaf
// to what comes then. It waits again at once.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/pace.h"

// Paho's own. It reads under this mutex, but goes on with a write that was blocked without it.
extern "C" pthread_mutex_t* mqttasync_mutex;
// False while Paho has bytes for that socket that the kernel did not take. Under Paho's socket
// mutex.
extern "C" int Socket_noPendingWrites(int socket);

namespace {

constexpr int kBatch = 16;
constexpr int kPubackBytes = 4;
// How long to wait for the kernel to take what a connection with more to read could not send;
// having waited in vain, Paho itself sleeps ten times as long.
constexpr int kBlockedMs = 10;
// How often to look after writes while nothing is read.
constexpr int kHoldLookMs = 20;

std::atomic<bool> is_on = false;

// Connections of which OpenSSL holds bytes that Paho has not read and the kernel will not tell of.
class Unread {
 public:
  void set(const SSL* ssl, bool has_more) {
    const std::lock_guard lock(mutex_);
    const auto at = std::find(all_.begin(), all_.end(), ssl);
    if (has_more == (at != all_.end())) return;
    if (has_more) {
      all_.push_back(ssl);
    } else {
      all_.erase(at);
    }
  }
  bool has(const SSL* ssl) {
    const std::lock_guard lock(mutex_);
    return std::find(all_.begin(), all_.end(), ssl) != all_.end();
  }
  // The socket of the next one, each in its turn; -1: there is none.
  int next() {
    const std::lock_guard lock(mutex_);
    if (all_.empty()) return -1;
    std::rotate(all_.begin(), all_.begin() + 1, all_.end());
    return SSL_get_fd(all_.back());
  }

 private:
  std::mutex mutex_;
  std::vector<const SSL*> all_;
};

Unread unread;

// PUBACKs of one connection. Under held_mutex.
struct Held {
  SSL* ssl = nullptr;
  std::array<char, std::size_t{kBatch} * kPubackBytes> bytes{};
  int size = 0;
  bool is_blocked = false;  // OpenSSL wants to see just these bytes again

  [[nodiscard]] bool has_room_for(const SSL* other) const {
    return size == 0 || (ssl == other && !is_blocked && size < static_cast<int>(bytes.size()));
  }
  void add(SSL* to, const void* puback) {
    ssl = to;
    std::memcpy(bytes.data() + size, puback, kPubackBytes);
    size += kPubackBytes;
  }
  // False: OpenSSL has said why, and what cannot be sent any more is forgotten.
  bool write() {
    const int written = SSL_write(ssl, bytes.data(), size);
    const int why = written > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl, written);
    is_blocked = why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ;
    if (!is_blocked) size = 0;
    return written > 0;
  }
};

Held held;
std::mutex held_mutex;  // taken after all but Unread's

std::atomic<std::uint64_t> acknowledged = 0;  // messages since the start

// This is Paho's receive thread, and it has just waited in vain, as long as it should.
thread_local bool has_waited_in_vain = false;
std::atomic<std::uint64_t> naps_spared = 0;

void sleep_until(dmp::SteadyTime until) { std::this_thread::sleep_until(until); }
std::atomic<void (*)(dmp::SteadyTime)> rest_until = sleep_until;

// Whether nothing may be read.
class Hold {
 public:
  void begin() { is_on_ = true; }
  void end() {
    if (!is_on_) return;
    {
      const std::lock_guard lock(mutex_);
      is_on_ = false;
    }
    ended_.notify_all();
  }
  [[nodiscard]] bool is_on() const { return is_on_; }
  // False: not by then.
  bool ends_within(int patience_ms) {
    std::unique_lock lock(mutex_);
    return ended_.wait_for(lock, std::chrono::milliseconds(patience_ms), [&] { return !is_on_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  std::atomic<bool> is_on_ = false;
};

Hold hold;

bool is_puback(const void* packet, int bytes) {
  const auto* const head = static_cast<const unsigned char*>(packet);
  return bytes == kPubackBytes && head[0] == 0x40 && head[1] == 2;
}

void write_held() {
  if (pthread_mutex_lock(mqttasync_mutex) != 0) return;
  {
    const std::lock_guard lock(held_mutex);
    ERR_clear_error();
    // Nobody is told here, so the connection must not live on without them.
    if (held.size > 0 && !held.write() && !held.is_blocked) {
      shutdown(SSL_get_fd(held.ssl), SHUT_RDWR);
    }
  }
  pthread_mutex_unlock(mqttasync_mutex);
}

// By the batch, if it is a PUBACK.
int write(SSL* ssl, const void* from, int bytes) {
  if (!is_on) return SSL_write(ssl, from, bytes);
  const std::lock_guard lock(held_mutex);
  if (is_puback(from, bytes) && held.has_room_for(ssl)) {
    held.add(ssl, from);
    ++acknowledged;
    if (unread.has(ssl) && held.has_room_for(ssl)) return bytes;
    return held.write() || held.is_blocked ? bytes : -1;
  }
  if (held.size > 0 && held.ssl == ssl && !held.write()) return -1;
  return SSL_write(ssl, from, bytes);
}

bool is_blocked(int socket, pthread_mutex_t* mutex) {
  if (pthread_mutex_lock(mutex) != 0) return false;
  const bool none = Socket_noPendingWrites(socket) != 0;
  pthread_mutex_unlock(mutex);
  return !none;
}

}  // namespace

extern "C" {

void batch_paho(void) { is_on = true; }

void hold_paho(void) { hold.begin(); }

void release_paho(void) { hold.end(); }

void rest_paho_by(void (*rest)(dmp::SteadyTime until)) {
  rest_until = rest != nullptr ? rest : sleep_until;
}

std::uint64_t paho_naps_spared(void) { return naps_spared; }

// After a wait in vain, and when there was nothing to wait for.
int paho_usleep(useconds_t us) {
  if (!std::exchange(has_waited_in_vain, false)) return usleep(us);
  ++naps_spared;
  return 0;
}

// Paho prints two lines of its trace for each record into a buffer, even if nobody listens.
void paho_SSL_CTX_set_msg_callback(SSL_CTX*, void*) {}

// Paho does so before each call; there is hardly ever one.
void paho_ERR_clear_error(void) {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

// Fills the buffer if it can: the kernel does not tell of bytes that OpenSSL has already.
int paho_SSL_read(SSL* ssl, void* to, int bytes) {
  if (!is_on) return SSL_read(ssl, to, bytes);
  SSL_set_read_ahead(ssl, 1);
  int filled = 0;
  int got = 1;
  while (filled < bytes && got > 0) {
    got = SSL_read(ssl, static_cast<char*>(to) + filled, bytes - filled);
    if (got > 0) filled += got;
  }
  if (got > 0) {
    unread.set(ssl, SSL_has_pending(ssl) != 0);
  } else {
    // An error behind good bytes is for the next read.
    unread.set(ssl, filled > 0 && SSL_get_error(ssl, got) != SSL_ERROR_WANT_READ);
  }
  return filled > 0 ? filled : got;
}

int paho_SSL_write(SSL* ssl, const void* from, int bytes) {
  const int written = write(ssl, from, bytes);
  if (written > 0) return written;
  const int why = SSL_get_error(ssl, written);
  // Who reads shall find out.
  if (why != SSL_ERROR_WANT_WRITE && why != SSL_ERROR_WANT_READ) {
    shutdown(SSL_get_fd(ssl), SHUT_RDWR);
  }
  return written;
}
// Paho keeps a list of its own of what it must not wait for; it stays empty.
int paho_SSL_pending(const SSL* ssl) { return is_on ? 0 : SSL_pending(ssl); }

void paho_SSL_free(SSL* ssl) {
  unread.set(ssl, false);
  {
    const std::lock_guard lock(held_mutex);
    if (held.ssl == ssl) held = {};
  }
  SSL_free(ssl);
}

int __real_Socket_getReadySocket(int more_work, int timeout_ms, pthread_mutex_t* mutex, int* rc);

// nullopt: it has ended. Else it goes on, and Paho shall look after its other duties: 0, or after
// the socket on which a write has failed.
static std::optional<int> sit_out_hold(int patience_ms, pthread_mutex_t* mutex, int* rc) {
  for (; patience_ms > 0; patience_ms -= kHoldLookMs) {
    write_held();
    // For the writes that it goes on with: what it says can be read is found again later.
    const int socket = __real_Socket_getReadySocket(1, 0, mutex, rc);
    if (*rc != 0) return socket;
    if (hold.ends_within(kHoldLookMs)) return std::nullopt;
  }
  *rc = 0;
  return 0;
}

// By the receive thread alone, as is what it remembers.
static void wait_for_company() {
  static dmp::PacedTurns looks;
  const auto now = std::chrono::steady_clock::now();
  const auto then = looks.next(now, acknowledged);
  if (then > now) rest_until.load()(then);
}

static int next_socket(int more_work, int timeout_ms, pthread_mutex_t* mutex, int* rc) {
  static int in_a_row = 0;
  if (!is_on) return __real_Socket_getReadySocket(more_work, timeout_ms, mutex, rc);
  if (hold.is_on()) {
    if (const auto look_at = sit_out_hold(timeout_ms, mutex, rc)) return *look_at;
  }
  const int next = unread.next();
  // Paho itself reads nothing while a write is blocked: it would collect PUBACKs without a bound.
  const bool must_wait = next > 0 && is_blocked(next, mutex);
  if (next > 0 && !must_wait && ++in_a_row < kBatch) {
    *rc = 0;
    return next;
  }
  in_a_row = 0;
  write_held();
  if (next <= 0) wait_for_company();
  if (must_wait) {
    const int patience_ms = std::clamp(timeout_ms, 0, kBlockedMs);
    return __real_Socket_getReadySocket(0, patience_ms, mutex, rc);
  }
  const int ready = __real_Socket_getReadySocket(next > 0 ? 1 : more_work, timeout_ms, mutex, rc);
  if (ready == 0 && *rc == 0 && next > 0) return next;
  return ready;
}

// Waits for the next socket with something to read, and says which; 0: none. By Paho's receive
// thread, which holds no lock then.
int __wrap_Socket_getReadySocket(int more_work, int timeout_ms, pthread_mutex_t* mutex, int* rc) {
  const auto begin = std::chrono::steady_clock::now();
  const int socket = next_socket(more_work, timeout_ms, mutex, rc);
  const auto waited = std::chrono::steady_clock::now() - begin;
  has_waited_in_vain =
      socket == 0 && timeout_ms > 0 && waited >= std::chrono::milliseconds(timeout_ms);
  return socket;
}

}  // extern "C"
