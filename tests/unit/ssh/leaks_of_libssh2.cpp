// libssh2 1.11.1 forgets the old copy of the server's host key, 51 bytes, when session keys are renewed in
// the middle of a session (kex.c, curve25519_sha256). Called by LeakSanitizer, where the tests are built with
// it.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:curve25519_sha256\n"; }
