#pragma once

#include "engine/augment/filter_taps.h"
#include "engine/augment/image.h"
#include "engine/augment/kernels.h"
#include "engine/augment/view_parameters.h"

namespace simclr::engine {

// Crop and resize straight from the 8-bit pixels: only the rows and columns that the taps name are read. A
// flip is a mirrored column axis. `out` is planar, rows.outputs x columns.outputs.
template <typename T>
void Resize(const Kernels<T>& kernels, const Image& image, const ResizeAxis& rows, const ResizeAxis& columns,
            T* out);

// The four colour operations in their order, each clamped to [0, 1]. `n` pixels.
template <typename T>
void Jitter(const Kernels<T>& kernels, const ViewParameters& view, std::size_t n, T* pixels);

// Separable Gaussian blur in place, borders reflected without repeating the edge pixel. Requires kernel / 2 <
// side.
template <typename T>
void GaussianBlur(const Kernels<T>& kernels, int kernel, double sigma, int height, int width, T* pixels);

// The evaluation transform: shorter side to image_size (antialiased bilinear), centre crop; mirrored where
// `flip`.
template <typename T>
void RenderEval(const Kernels<T>& kernels, const Image& image, bool flip, int image_size, T* out);

// Crop and flip of `view`; the evaluation transform takes the place of the crop where it is switched off.
template <typename T>
void RenderGeometry(const Kernels<T>& kernels, const Image& image, const ViewParameters& view,
                    const AugmentConfig& config, int image_size, T* out);

// One view: geometry, jitter, grayscale, blur. Nothing but the jitter clamps, as in torchvision: a bicubic
// crop may leave [0, 1] by a little.
template <typename T>
void RenderView(const Kernels<T>& kernels, const Image& image, const ViewParameters& view,
                const AugmentConfig& config, int image_size, T* out);

}  // namespace simclr::engine
