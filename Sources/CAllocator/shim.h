#include <malloc.h>

// Memory of at least so many bytes is given back to the system when it is freed; 1 where the C library does as asked.
static inline int callocator_return_large_memory(int bytes) {
#ifdef M_MMAP_THRESHOLD
  return mallopt(M_MMAP_THRESHOLD, bytes);
#else
  (void)bytes;
  return 1;
#endif
}
