#ifndef CNNOPT_PNG_READER_H
#define CNNOPT_PNG_READER_H

#include <stddef.h>
#include <stdint.h>

/// libpng reports errors by a long jump, which must not cross Swift frames: these functions end it here.
/// Both return 0, or 1 with the reason in `message`.
enum { CNNOPT_PNG_MESSAGE_BYTES = 128 };

/// The size that the header of a PNG file in memory declares, in pixels.
int cnnopt_png_size(const uint8_t *bytes, size_t length, uint32_t *width, uint32_t *height, char *message);

/// Decodes a PNG file in memory to 8-bit RGB, `width` x `height` x 3 bytes. Grey is repeated, palettes are looked up, of
/// 16-bit samples the upper byte is taken, transparency is dropped, colour profiles and gamma are ignored.
int cnnopt_png_rgb(const uint8_t *bytes, size_t length, uint32_t width, uint32_t height, uint8_t *pixels, char *message);

#endif
