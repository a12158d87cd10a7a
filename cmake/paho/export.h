// EXPORT(f): a function f that every library of the program finds, and that is unwatched_f.
#if defined(__x86_64__)
#define JUMP "jmp"
#elif defined(__aarch64__)
#define JUMP "b"
#else
#error "export.h knows no jump of this machine: add it above"
#endif

#define EXPORT(name)                                                                 \
  __asm__(".text\n.globl " #name "\n.type " #name ", %function\n" #name ":\n\t" JUMP \
          " unwatched_" #name "\n");
