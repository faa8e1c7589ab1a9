"""Other right bodies for lesson 10."""

ALTERNATIVES = {
    "utils.data.TensorDataset.__getitem__": """
def __getitem__(self, index):
    row = []
    for tensor in self.tensors:
        row.append(tensor[index])
    return tuple(row)
""",
    "utils.data.RandomSampler.__iter__": """
def __iter__(self):
    rng = random.default_generator.numpy
    if self.generator is not None:
        rng = self.generator.numpy
    left = list(range(len(self.data_source)))
    for _ in range(self.num_samples):
        place = int(rng.integers(len(left)))
        yield left[place] if self.replacement else left.pop(place)
""",
    "utils.data.BatchSampler.__iter__": """
def __iter__(self):
    batch = []
    for index in self.sampler:
        batch.append(index)
        if len(batch) == self.batch_size:
            yield batch
            batch = []
    if batch and not self.drop_last:
        yield batch
""",
    "utils.data.default_collate": """
def default_collate(batch):
    if len(batch) == 0:
        raise ValueError("nothing to collate")
    kind = type(batch[0])
    if kind is str:
        return batch
    if kind is dict:
        return {k: default_collate([b[k] for b in batch]) for k in batch[0]}
    if kind in (tuple, list):
        if any(len(sample) != len(batch[0]) for sample in batch):
            raise ValueError("lengths differ")
        columns = []
        for i in range(len(batch[0])):
            columns.append(default_collate([sample[i] for sample in batch]))
        return tuple(columns)
    values = [x.data if isinstance(x, Tensor) else x for x in batch]
    array = np.array(values)
    python = {float: np.float32, int: np.int64}
    return Tensor(array.astype(python.get(kind, array.dtype)))
""",
    "utils.data.cut_sheet": """
def cut_sheet(pixels, size):
    images = []
    for top in range(0, pixels.shape[0], size):
        for left in range(0, pixels.shape[1], size):
            image = pixels[top : top + size, left : left + size]
            images.append(np.moveaxis(image, 2, 0))
    return np.stack(images)
""",
    "utils.data.transforms.channel_statistics": """
def channel_statistics(images, chunk=1000):
    unit = 255 if images.dtype == np.uint8 else 1
    sums = squares = 0.0
    for first in range(0, len(images), chunk):
        part = images[first : first + chunk].astype(np.float64) / unit
        sums = sums + part.sum(axis=(0, 2, 3))
        squares = squares + (part * part).sum(axis=(0, 2, 3))
    count = images[:, 0].size
    mean = sums / count
    return mean, np.sqrt(np.maximum(squares / count - mean * mean, 0))
""",
    "utils.data.transforms.Normalize.apply": """
def apply(self, images):
    if images.shape[1] != self.mean.size:
        raise ValueError("wrong number of channels")
    x = images.astype(np.float32)
    if images.dtype == np.uint8:
        x = x / np.float32(255)
    return ((x - self.mean) / self.std).astype(np.float32)
""",
    "utils.data.transforms.RandomHorizontalFlip.apply": """
def apply(self, images):
    out = []
    for image in images:
        out.append(np.flip(image, 2) if self.rng.uniform() < self.p else image)
    return np.stack(out)
""",
    "utils.data.transforms.RandomCrop.apply": """
def apply(self, images):
    border, (height, width) = self.padding, self.size
    out = []
    for image in images:
        image = np.pad(
            image, ((0, 0), (border, border), (border, border)), self.padding_mode
        )
        if image.shape[1] < height or image.shape[2] < width:
            raise ValueError("too large")
        top = int(self.rng.integers(0, image.shape[1] - height, endpoint=True))
        left = int(self.rng.integers(0, image.shape[2] - width, endpoint=True))
        out.append(image[:, top : top + height, left : left + width])
    return np.stack(out)
""",
}
