#include "variants.h"

_Thread_local bool ck_is_plain_forced = false;

void ck_use_plain(int is_plain) {
    ck_is_plain_forced = is_plain != 0;
}
