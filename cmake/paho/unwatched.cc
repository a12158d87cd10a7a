// What stands in a program in the place of Paho C's trace and of its list of allocations, see
// ../paho.cmake: the linker leads a call of f to __wrap_f.
//
// The list cannot go altogether. Paho frees the payload of a QoS 1 message twice when the
// connection breaks while it is being sent, an open fault that the list hides, because it frees
// only what it gave out. So does this. As there, a block begins as zeros and has room to spare.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>

namespace {

constexpr std::size_t kBucketBits = 12;
constexpr std::size_t kLocks = 64;
constexpr std::size_t kSpare = 16;

struct alignas(std::max_align_t) Block {
  Block* next;       // in its bucket
  std::size_t size;  // of what follows, without kSpare
};

struct Bucket {
  Block*& first;
  std::mutex& mutex;
};

Bucket bucket_of(const Block* block) {
  static std::array<Block*, 1U << kBucketBits> firsts;
  static std::array<std::mutex, kLocks> mutexes;
  const std::uint64_t mixed = reinterpret_cast<std::uintptr_t>(block) * 0x9E3779B97F4A7C15;
  const std::size_t at = mixed >> (64 - kBucketBits);  // the best bits
  return {firsts[at], mutexes[at % kLocks]};
}

// Takes it out if it is one of ours. Never looks into it before that is known.
Block* taken_out(void* p) {
  Block* const wanted = static_cast<Block*>(p) - 1;
  const Bucket bucket = bucket_of(wanted);
  const std::lock_guard lock(bucket.mutex);
  Block** link = &bucket.first;
  while (*link != nullptr && *link != wanted) link = &(*link)->next;
  Block* const found = *link;
  if (found != nullptr) *link = found->next;
  return found;
}

void* give_out(std::size_t size) {
  if (size > SIZE_MAX - sizeof(Block) - kSpare) return nullptr;
  auto* const block = static_cast<Block*>(std::calloc(1, sizeof(Block) + size + kSpare));
  if (block == nullptr) return nullptr;
  block->size = size;
  const Bucket bucket = bucket_of(block);
  const std::lock_guard lock(bucket.mutex);
  block->next = bucket.first;
  bucket.first = block;
  return block + 1;
}

void take_back(void* p) {
  if (p != nullptr) std::free(taken_out(p));
}

void* give_out_anew(void* p, std::size_t size) {
  void* const fresh = give_out(size);
  if (p == nullptr || fresh == nullptr) return fresh;
  Block* const old = taken_out(p);
  if (old == nullptr) {
    take_back(fresh);
    return nullptr;
  }
  std::memcpy(fresh, p, old->size < size ? old->size : size);
  std::free(old);
  return fresh;
}

}  // namespace

extern "C" {

int MQTTAsync_init(void);

void* __wrap_mymalloc(const char*, int, std::size_t size) { return give_out(size); }
void* __wrap_myrealloc(const char*, int, void* p, std::size_t size) {
  return give_out_anew(p, size);
}
void __wrap_myfree(const char*, int, void* p) { take_back(p); }
void __wrap_StackTrace_entry(const char*, int, int) {}
void __wrap_StackTrace_exit(const char*, int, void*, int) {}

// The shared library begins with it (-Wl,-init); here nobody would call it, and Paho's mutexes
// would hang where a thread takes one twice, instead of refusing the second time.
__attribute__((constructor)) static void begin() { static_cast<void>(MQTTAsync_init()); }

}  // extern "C"
