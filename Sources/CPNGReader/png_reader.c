#include "png_reader.h"

#include <png.h>
#include <setjmp.h>
#include <string.h>

typedef struct {
    const uint8_t *next;
    size_t left;
    char *message;
} source;

static void keep_reason(char *message, const char *reason) {
    strncpy(message, reason, CNNOPT_PNG_MESSAGE_BYTES - 1);
    message[CNNOPT_PNG_MESSAGE_BYTES - 1] = 0;
}

static void fail(png_structp png, png_const_charp reason) {
    keep_reason(((source *)png_get_error_ptr(png))->message, reason);
    png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp reason) {
    (void)png;
    (void)reason;
}

static void read_bytes(png_structp png, png_bytep target, size_t count) {
    source *from = png_get_io_ptr(png);
    if (count > from->left) png_error(png, "the file is cut off");
    memcpy(target, from->next, count);
    from->next += count;
    from->left -= count;
}

/// Reads the header; when `pixels` is not null, the image too, which must have the size that is given.
static int decode(source *from, uint32_t *width, uint32_t *height, uint8_t *pixels) {
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, from, fail, ignore);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        png_destroy_read_struct(&png, NULL, NULL);
        keep_reason(from->message, "out of memory");
        return 1;
    }
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_read_struct(&png, &info, NULL);
        return 1;
    }
    png_set_read_fn(png, from, read_bytes);
    png_read_info(png, info);
    uint32_t declared_width = png_get_image_width(png, info), declared_height = png_get_image_height(png, info);
    if (pixels) {
        if (declared_width != *width || declared_height != *height) png_error(png, "the size changed");
        png_set_palette_to_rgb(png);
        png_set_expand_gray_1_2_4_to_8(png);
        png_set_strip_16(png);
        png_set_strip_alpha(png);
        png_set_gray_to_rgb(png);
        int passes = png_set_interlace_handling(png);
        png_read_update_info(png, info);
        size_t row_bytes = (size_t)declared_width * 3;
        if (png_get_rowbytes(png, info) != row_bytes) png_error(png, "unexpected layout of the pixels");
        for (int pass = 0; pass < passes; pass++)
            for (uint32_t row = 0; row < declared_height; row++) png_read_row(png, pixels + row * row_bytes, NULL);
        png_read_end(png, NULL);
    }
    *width = declared_width;
    *height = declared_height;
    png_destroy_read_struct(&png, &info, NULL);
    return 0;
}

int cnnopt_png_size(const uint8_t *bytes, size_t length, uint32_t *width, uint32_t *height, char *message) {
    source from = {bytes, length, message};
    return decode(&from, width, height, NULL);
}

int cnnopt_png_rgb(
    const uint8_t *bytes, size_t length, uint32_t width, uint32_t height, uint8_t *pixels, char *message
) {
    source from = {bytes, length, message};
    return decode(&from, &width, &height, pixels);
}
