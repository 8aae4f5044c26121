package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
)

// drawPicture draws an abstract landscape, never a face or a place: hills,
// water and a sun that differ with n. Every second one is a PNG.
func drawPicture(n int) (attached, error) {
	const w, h = 640, 420
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	hue := float64(n*37%360) / 360
	sunX, sunY := 80+float64(n*97%480), 70+float64(n*53%90)
	for y := range h {
		for x := range w {
			fx, fy := float64(x), float64(y)
			c := mix(hue, 0.35, 0.95-0.25*fy/h)
			if math.Hypot(fx-sunX, fy-sunY) < 36 {
				c = mix(0.13, 0.5, 1)
			}
			for k := range 3 {
				ridge := 190 + 62*float64(k) + 26*math.Sin(fx/(60+20*float64(k))+float64(n+k*2))
				if fy > ridge {
					c = mix(hue+0.08*float64(k), 0.4, 0.62-0.14*float64(k))
				}
			}
			if fy > 350 && int(fy+4*math.Sin(fx/18+float64(n)))%9 < 2 {
				c = mix(hue+0.5, 0.2, 0.8)
			}
			img.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	kind, err := "image/jpeg", error(nil)
	if n%2 == 1 {
		kind, err = "image/png", png.Encode(&b, img)
	} else {
		err = jpeg.Encode(&b, img, &jpeg.Options{Quality: 82})
	}
	if err != nil {
		return attached{}, fmt.Errorf("drawing picture: %w", err)
	}
	return attached{kind: kind, data: b.Bytes()}, nil
}

// mix is a colour from hue, saturation and value, each 0 to 1.
func mix(h, s, v float64) color.RGBA {
	part := func(n float64) uint8 {
		k := math.Mod(n+h*6, 6)
		return uint8(255 * (v - v*s*math.Max(0, math.Min(math.Min(k, 4-k), 1))))
	}
	return color.RGBA{part(5), part(3), part(1), 255}
}
