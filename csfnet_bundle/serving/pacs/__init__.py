"""A follow-up pair from a PACS and its result back to it, over DICOMweb (extra ``pacs``)."""
