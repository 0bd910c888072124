"""One image on the screen: gray pixels from the pyramid, overlays and annotations over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import monotonic

import numpy as np
from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from mammoview.core.geometry import Box
from mammoview.core.image import DisplayImage
from mammoview.core.study import VoiLut, VoiWindow
from mammoview.imaging.air import Air
from mammoview.session.hanging import Hung
from mammoview.ui import theme
from mammoview.ui.viewport import decor, marks
from mammoview.ui.viewport.annotation import AnnotationOptions
from mammoview.ui.viewport.caption import Caption
from mammoview.ui.viewport.corners import Layout
from mammoview.ui.viewport.enhanced import Enhanced, levels_of, table_of
from mammoview.ui.viewport.gray_image import as_image
from mammoview.ui.viewport.layers import OverlayOptions, Prepared, Truth, legend
from mammoview.ui.viewport.lens import Lens
from mammoview.ui.viewport.mouse import MouseTool, Overpaint, Rider, Underpaint
from mammoview.ui.viewport.moving import Paint
from mammoview.ui.viewport.overlay_layer import OverlayLayer
from mammoview.ui.viewport.placement import Placement, laid_box
from mammoview.ui.viewport.placing import Placing
from mammoview.ui.viewport.pyramid import coarse_pyramid
from mammoview.ui.viewport.render import GrayRenderer, Table
from mammoview.ui.viewport.rest import Rest
from mammoview.ui.viewport.shade import Shade
from mammoview.ui.viewport.sparse import Sparse
from mammoview.ui.viewport.writing import write

_CENTRED = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap

#: So long the words over an image may lag behind it while its size changes; less than a rest (see `Rest`).
_LAG_S = 0.06


class Canvas(Placing):
    """A slot of the hanging with at most one image in it: what is shown, and how it is painted."""

    resized = Signal()
    renewed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(80, 80)
        self.shade = Shade()
        self.default_voi: VoiWindow | VoiLut = self.shade.voi
        self.computed_voi: VoiWindow | VoiLut | None = None
        self.air: Air | None = None
        self.overpaints: list[Overpaint] = []
        self.riders: list[Rider] = []
        self.tool: MouseTool | None = None
        self.badges: tuple[str, ...] = ()
        self.enhanced: Enhanced | None = None
        self.frame_lines: tuple[str, ...] = ()
        self.prepared: Prepared | None = None
        self.truth: Truth | None = None
        self.is_active = False
        self.text = ""
        self._options = OverlayOptions()
        self._annotation = AnnotationOptions()
        self._notes: tuple[str, ...] = ()
        self._stack_text = ""
        self._selected: frozenset[str] = frozenset()
        self._renderer: GrayRenderer | None = None
        self._lens: Lens | None = None
        self._cursor: QPointF | None = None
        self._is_placed = False
        self._decor: Sparse | None = None
        self._decor_zoom = (0.0, 0.0)
        self._decor_made_s = 0.0
        self._sheet = QImage()
        self._over: Sparse | None = None
        self._is_moving = self.is_in_motion = False
        self._overlays, self._caption = OverlayLayer(), Caption()
        self.rest = Rest(self)
        self.rest.begun.connect(self._sharpen)
        self.rest.settled.connect(self.update)
        self.written: Layout | None = None

    # What is shown

    def sizeHint(self) -> QSize:
        return QSize(400, 480)

    def set_empty(self, text: str) -> None:
        """Show no image but ``text``: what belongs here, or why nothing can be shown (MG-B15)."""
        self.hung, self.image, self.prepared, self._renderer, self._lens = None, None, None, None, None
        self.truth, self.air, self.enhanced, self.badges, self.frame_lines = None, None, None, (), ()
        self.text = text
        self._redraw()

    def set_waiting(self, item: Hung, text: str, stack_text: str = "") -> None:
        """Show that ``item`` belongs here and that its pixels are not here (yet)."""
        self.set_empty(text)
        self.hung, self._stack_text = item, stack_text

    def set_image(
        self,
        image: DisplayImage,
        shown: Box,
        default: VoiWindow | VoiLut,
        computed: VoiWindow | VoiLut | None = None,
    ) -> None:
        """Show the pixels of the item that waits here.

        Parameters
        ----------
        shown
            The breast in native pixels: what is fitted to the pane.
        default, computed
            The window to begin with, and the one made from the pixels.
        """
        if self.hung is None or self.hung.image.id != image.image_id:
            return
        self.image, self.text, self.enhanced = image, "", None
        self.default_voi, self.computed_voi = default, computed
        self.shade = replace(self.shade, voi=default, state=None)
        native = image.levels[0].shape
        self.placement = Placement(native[0], native[1], self.hung.orientation.dihedral)
        self._shown = laid_box(shown, self.placement)
        self.renew()

    def set_hung(self, item: Hung) -> None:
        """Lay the same image down another way."""
        shown = self.placement.dihedral.transform(self.placement.rows, self.placement.columns).inverse()
        native = shown.apply_box(self._shown)
        # The image here may have the gray of another frame of its volume than the one that hangs first.
        if self.hung is not None:
            item = replace(item, image=replace(item.image, grayscale=self.hung.image.grayscale))
        self.hung = item
        self.placement = replace(self.placement, dihedral=item.orientation.dihedral)
        self._shown = laid_box(native, self.placement)
        self._redraw()

    def set_prepared(self, prepared: Prepared | None) -> None:
        """Lay overlays over the image."""
        self.prepared = prepared
        if self._options.is_cleaned:
            self.renew()
        self._redraw()

    def set_truth(self, truth: Truth | None) -> None:
        """Lay a reader's own mask over the image."""
        self.truth = truth
        self._redraw()

    def set_options(self, options: OverlayOptions) -> None:
        """Switch overlays."""
        is_other_image = options.is_cleaned != self._options.is_cleaned
        self._options = options
        if is_other_image:
            self.renew()
        self._redraw()

    def set_annotation(self, options: AnnotationOptions) -> None:
        """Switch annotations."""
        self._annotation = options
        self._redraw()

    def set_notes(self, notes: tuple[str, ...]) -> None:
        """Say what the analysis found, in the lower corner."""
        self._notes = notes
        self._redraw()

    def set_selected(self, ids: frozenset[str]) -> None:
        """Highlight findings."""
        if ids != self._selected:
            self._selected = ids
            self._redraw()

    def set_shade(self, shade: Shade) -> None:
        """Show gray another way: one table lookup, nothing is resampled."""
        was, self.shade = self.is_air_black, shade
        if self.is_air_black != was:
            self.renew()
        self.renewed.emit()
        self.update()

    def set_air(self, air: Air | None) -> None:
        """Take an estimate of the air around the breast."""
        self.air = air
        if self.is_air_black:
            self.renew()

    @property
    def is_air_black(self) -> bool:
        """Whether estimated air is darkened now."""
        return self.shade.is_air_black(self.air)

    def set_active(self, *, is_active: bool) -> None:
        if is_active != self.is_active:
            self.is_active = is_active
            self.update()

    def set_lens(self, *, is_on: bool) -> None:
        """Show the magnifier around the cursor."""
        if not is_on or self.image is None:
            self._lens = None
        else:
            self._lens = Lens(levels_of(self.image, self.enhanced), self._blackened())
        self.update()

    # Painting

    def _blackened(self) -> tuple[Sequence[np.ndarray], ...]:
        blackened: list[Sequence[np.ndarray]] = [self.image.padding if self.image else ()]
        if self._options.is_cleaned and self.prepared is not None:
            blackened.append(self.prepared.suppressed)
        if self.image is not None and self.air is not None and self.is_air_black:
            blackened.append(coarse_pyramid(self.air.mask, self.image))
        return tuple(blackened)

    def renew(self) -> None:
        levels = levels_of(self.image, self.enhanced) if self.image else None
        self._renderer = GrayRenderer(levels, self._blackened()) if levels else None
        if self._lens is not None:
            self.set_lens(is_on=True)
        self._redraw()

    def refresh(self) -> None:
        """Paint what lies over the gray pixels anew."""
        self._decor, self._over = None, None
        self.update()

    def _move(self, *, is_gradual: bool = False) -> None:
        if not is_gradual and self._decor_zoom != self.placement.zoom:
            self._decor = None
        self._is_placed, self._over, self._is_moving = False, None, True
        self.update()

    def _sharpen(self) -> None:
        if self._overlays.sharpen():
            self.update()

    def _redraw(self) -> None:
        self._overlays.forget()
        self._decor = None
        self._move()

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self.image is not None and event.oldSize().isValid():
            # What was in the middle stays there; a fitted wall hangs its panes anew.
            grown, half = event.size() - event.oldSize(), self.devicePixelRatioF() / 2
            self.placement = self.placement.panned(grown.height() * half, grown.width() * half)
        self._redraw()
        super().resizeEvent(event)
        self.resized.emit()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._renderer is None or self.hung is None or self.image is None:
            painter.fillRect(self.rect(), theme.BLACK)
            painter.setPen(theme.QUIET)
            painter.drawText(self.rect().adjusted(12, 12, -12, -12), _CENTRED, self.text)
            self._frame(painter)
            return
        ratio, size = self.devicePixelRatioF(), self.device_size
        if not self._is_placed:
            self._renderer.place(self.placement.to_device, size)
            self.rest.wait(self._renderer, self.placement.to_device, size)
            self._is_placed = True
        self.is_in_motion, self._is_moving = self._is_moving, False
        shown = as_image(self._renderer.gray(self._table()))
        shown.setDevicePixelRatio(ratio)
        painter.drawImage(0, 0, shown)
        painter.scale(1 / ratio, 1 / ratio)
        self._paint_under(painter)
        fonts = decor.Fonts(self.font(), size[0], ratio)
        if self._decor is None or self._is_decor_old:
            self._decor, self._decor_zoom = self._paint_decor(fonts, size), self.placement.zoom
            self._decor_made_s = monotonic()
        self._overlays.draw(painter, self, fonts, self._overlay_paint(fonts))
        self._decor.draw(painter)
        self._paint_over(painter, fonts, size)
        caption = self.shade.caption(self.hung.image.grayscale, has_black_air=self.is_air_black)
        if self.written is not None:
            self._caption.draw(painter, fonts, caption, self.written, self.chest_wall)
        if self._lens is not None and self._cursor is not None:
            self._lens.paint(painter, self.placement, self._table(), at=self._cursor * ratio, ratio=ratio)
        if self.tool is not None:
            # Its brush must not fill the frame, nor anything else that is painted later.
            painter.save()
            self.tool.paint(painter, self, fonts)
            painter.restore()
        painter.resetTransform()
        self._frame(painter)

    @property
    def _is_decor_old(self) -> bool:
        """A pan changes no word and not the ruler; while the size changes step by step they may lag by a moment."""
        return self._decor_zoom != self.placement.zoom and monotonic() - self._decor_made_s > _LAG_S

    def _table(self) -> Table:
        assert self.hung is not None
        assert self.image is not None
        return table_of(self.shade, self.hung.image.grayscale, self.image, self.enhanced)

    def _overlay_paint(self, fonts: decor.Fonts) -> Paint | None:
        """What paints the overlays; None where there are none."""
        if self.prepared is None and self.truth is None:
            return None
        prepared = self.prepared or Prepared(self.hung.image.id if self.hung else "")

        def paint(on: QPainter, placement: Placement, wide: tuple[int, int]) -> None:
            on.setFont(fonts.plain)
            marks.paint_marks(
                on,
                prepared,
                placement,
                self._options,
                size=wide,
                selected=self._selected,
                line_px=fonts.line_px,
                truth=self.truth,
            )

        return paint

    def _paint_decor(self, fonts: decor.Fonts, size: tuple[int, int]) -> Sparse:
        assert self.hung is not None
        if (self._sheet.height(), self._sheet.width()) != size:
            self._sheet = QImage(size[1], size[0], QImage.Format.Format_ARGB32_Premultiplied)
        self._sheet.fill(Qt.GlobalColor.transparent)
        painter = QPainter(self._sheet)
        image = self.hung.image
        prepared = self.prepared or Prepared(image.id)
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        notes = (*filter(None, (self._stack_text,)), *self._notes, *legend(prepared, self.truth, self._options))
        cleaned = ("CLEANED COPY" if self.prepared else "CLEANED COPY NOT READY",) if self._options.is_cleaned else ()
        self.written = write(
            painter,
            fonts,
            image,
            self.hung.orientation,
            options=self._annotation,
            placement=self.placement,
            size=size,
            notes=notes,
            frame=self.frame_lines,
            badges=(*self.badges, *cleaned, *filter(None, (rider.hidden_on(self) for rider in self.riders))),
            size_text=self.zoom_text,
            when=self.hung.when,
            beside=self.beside,
        )
        painter.end()
        return Sparse.of(self._sheet)

    def _paint_under(self, painter: QPainter) -> None:
        for overpaint in self.overpaints:
            if isinstance(overpaint, Underpaint):
                painter.save()
                overpaint.paint_under(painter, self)
                painter.restore()

    def _paint_over(self, painter: QPainter, fonts: decor.Fonts, size: tuple[int, int]) -> None:
        """What other parts paint: at once while the image moves, kept as soon as it stands still."""
        if self.is_in_motion or not self.overpaints:
            self._paint_each_over(painter, fonts)
            return
        if self._over is None:
            layer = QImage(size[1], size[0], QImage.Format.Format_ARGB32_Premultiplied)
            layer.fill(Qt.GlobalColor.transparent)
            kept = QPainter(layer)
            kept.setRenderHint(QPainter.RenderHint.TextAntialiasing)
            self._paint_each_over(kept, fonts)
            kept.end()
            self._over = Sparse.of(layer)
        self._over.draw(painter)

    def _paint_each_over(self, painter: QPainter, fonts: decor.Fonts) -> None:
        for overpaint in self.overpaints:
            painter.save()
            overpaint.paint(painter, self, fonts)
            painter.restore()

    def _frame(self, painter: QPainter) -> None:
        if self.is_active:
            painter.setPen(QPen(theme.ACCENT.darker(140), 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
