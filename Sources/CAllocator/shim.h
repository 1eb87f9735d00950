#include <features.h>
#include <malloc.h>
#include <stdint.h>

// Memory of at least so many bytes is given back to the system when it is freed; 1 where the C library does as asked.
static inline int callocator_return_large_memory(int bytes) {
#ifdef M_MMAP_THRESHOLD
  return mallopt(M_MMAP_THRESHOLD, bytes);
#else
  (void)bytes;
  return 1;
#endif
}

// Threads share so many areas of memory at most; 1 where the C library does as asked.
static inline int callocator_limit_areas(int count) {
#ifdef M_ARENA_MAX
  return mallopt(M_ARENA_MAX, count);
#else
  (void)count;
  return 1;
#endif
}

// What the C library's allocator has given out, and what it keeps for later, in bytes; both 0 where it does not tell.
typedef struct {
  uint64_t used;
  uint64_t kept;
} callocator_memory;

static inline callocator_memory callocator_memory_now(void) {
  callocator_memory memory = {0, 0};
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
  struct mallinfo2 info = mallinfo2();
  memory.used = info.uordblks + info.hblkhd;
  memory.kept = info.fordblks;
#endif
  return memory;
}
